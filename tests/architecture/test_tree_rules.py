"""The repository keeps the rules on folders and text, and each rule catches what is planted."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import tree_rules
from tests.architecture.source import ROOT

Rule = Callable[[Path], Iterator[str]]


@pytest.mark.parametrize("rule", tree_rules.TREE_RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


VENUES = "execution/adapters/venues"
PLANTED: list[tuple[Rule, dict[str, str]]] = [
    (tree_rules.crowded_folder, {f"treasury/core/m{number}.py": "" for number in range(13)}),
    (tree_rules.forgotten_entry, {f"{VENUES}/registry.py": "VENUES = {}", f"{VENUES}/cow.py": ""}),
    (
        tree_rules.forgotten_entry,  # imported, but not in the dict
        {f"{VENUES}/registry.py": "from execution.adapters.venues.cow import A\nVENUES = {}",
         f"{VENUES}/cow.py": ""},
    ),
    (tree_rules.unlocked_install, {"uv" + ".lock": ""}),
    (tree_rules.unlocked_install, {"docs/a.md": "then uv " + "run it"}),
    (tree_rules.machine_address, {"docs/a.md": "see /home" + "/someone/ballast"}),
    (tree_rules.machine_address, {"Makefile": "X = /root" + "/.cache"}),
    (tree_rules.machine_address, {"a.txt": "https://files.pythonhosted" + ".org/x"}),
    (tree_rules.address_in_lock, {"requirements/dev.txt": "a @ https://example.com/a.whl"}),
    (tree_rules.address_in_lock, {"requirements/dev.txt": "--index-url x"}),
    (tree_rules.address_in_lock, {"a/package-lock.json": '{"resolved": "x"}'}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "tree"), PLANTED)
def test_a_planted_violation_is_caught(rule: Rule, tree: dict[str, str], tmp_path: Path) -> None:
    plant(tmp_path, tree)
    assert list(rule(tmp_path))


INNOCENT: list[tuple[Rule, dict[str, str]]] = [
    (
        tree_rules.crowded_folder,
        {"treasury/core/__init__.py": ""}
        | {f"treasury/core/m{number}.py": "" for number in range(12)}
        | {f"treasury/migrations/m{number}.py": "" for number in range(30)},
    ),
    (
        tree_rules.forgotten_entry,
        {f"{VENUES}/registry.py": "from execution.adapters.venues.cow import A\nV = {1: A()}",
         f"{VENUES}/cow.py": "", f"{VENUES}/base.py": "", f"{VENUES}/__init__.py": ""},
    ),
    (
        tree_rules.forgotten_entry,  # a part of an entry
        {f"{VENUES}/registry.py": "from execution.adapters.venues.cow import A\nV = {1: A()}",
         f"{VENUES}/cow.py": "from execution.adapters.venues import order",
         f"{VENUES}/order.py": ""},
    ),
    (tree_rules.unlocked_install, {"Makefile": "$(UV) pip sync; uv pip compile"}),
    (tree_rules.machine_address, {"a.md": "GET /api/v1/work/x, https://example.com/home/x"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "tree"), INNOCENT)
def test_an_innocent_tree_is_left_alone(rule: Rule, tree: dict[str, str], tmp_path: Path) -> None:
    plant(tmp_path, tree)
    assert list(rule(tmp_path)) == []


def plant(root: Path, tree: dict[str, str]) -> None:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("listed", "part"), [("runtime.in", "dependencies"), ("dev.in", "optional-dependencies")]
)
def test_direct_dependencies_are_the_same_in_both_places(listed: str, part: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project[part] if part == "dependencies" else project[part]["dev"]
    lines = (ROOT / "requirements" / listed).read_text().splitlines()
    names = [line for line in lines if line and not line.startswith(("#", "-"))]
    assert names == declared
    assert all(">=" in name for name in names)
