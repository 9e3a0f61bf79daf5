"""Each number that the code cites is a heading of docs/formulas.md, in order, with its module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

FORMULAS = (ROOT / "docs" / "formulas.md").read_text()
PACKAGES = ("config", "governance", "execution", "treasury")
HEADING = re.compile(r"^### DE-(\d+) \w", re.MULTILINE)
CITED = re.compile(r"DE-(\d+)(?:\.\.(\d+))?((?:, \d+)*)")
NOT_DONE = re.compile(r"Not done:.*?(?=\n\n|\"\"\"|\Z)", re.DOTALL)
MODULE = re.compile(r"`((?:treasury|execution|governance)(?:\.\w+)+)`")


def cited(text: str) -> Iterator[int]:
    """The numbers a text relies on: a list and a range count each one, "Not done" none."""
    for first, last, more in CITED.findall(NOT_DONE.sub("", text)):
        yield from range(int(first), int(last or first) + 1)
        yield from (int(number) for number in re.findall(r"\d+", more))


def test_cited__each_number_in_the_code__has_its_formula() -> None:
    known = {int(number) for number in HEADING.findall(FORMULAS)}
    missing = {
        number: str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for number in cited(path.read_text())
        if number not in known
    }
    assert missing == {}


def test_formulas__each_part__has_its_numbers_once_and_in_order() -> None:
    numbers = [int(number) for number in HEADING.findall(FORMULAS)]
    assert len(numbers) == len(set(numbers))
    for part in re.split(r"^## ", FORMULAS, flags=re.MULTILINE):
        found = [int(number) for number in HEADING.findall(part)]
        assert found == sorted(found)


@pytest.mark.parametrize("name", sorted(set(MODULE.findall(FORMULAS))))
def test_formulas__a_module_named__is_there(name: str) -> None:
    assert find_spec(name) is not None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("cost (DE-21, DE-28).", [21, 28]),
        ("DE-38..40: no price", [38, 39, 40]),
        ("DE-51, 55 and 7", [51, 55]),
        ("Not done: groups (DE-4,\nDE-17).\n\nDE-5", [5]),
    ],
)
def test_cited__ways_of_writing__counts_each(text: str, numbers: list[int]) -> None:
    assert list(cited(text)) == numbers


def test_root__of_the_repository__is_found() -> None:
    assert Path(ROOT, "manage.py").is_file()
