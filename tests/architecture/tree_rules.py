"""House rules on folders and on text: each takes a root and yields what breaks it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, Source, files, product_files, python_files

FOLDER_MODULES_MAX = 12
REGISTRY = "registry.py"
NOT_ENTRIES = {"__init__", "base", "registry"}


def crowded_folder(root: Path = ROOT) -> Iterator[str]:
    count = Counter(
        source.path.parent for source in python_files(root) if source.path.name != "__init__.py"
    )
    for folder, modules in sorted(count.items()):
        if modules > FOLDER_MODULES_MAX:
            yield f"{folder}: {modules} modules, at most {FOLDER_MODULES_MAX}"


# ------------------------------------------------------------------------------------ registries
def forgotten_entry(root: Path = ROOT) -> Iterator[str]:
    """Every file beside a `registry.py` stands in its dict, or is a part that others import."""
    sources = {source.path: source for source in product_files(root)}
    for path, registry in sources.items():
        if path.name != REGISTRY:
            continue
        registered = registered_modules(registry)
        for sibling in sorted(sources):
            if sibling.parent != path.parent or sibling.stem in NOT_ENTRIES | registered:
                continue
            name = ".".join(sibling.with_suffix("").parts)
            if not any(imports(other, name) for other in sources.values() if other is not registry):
                yield f"{sibling}: not in {path}, and nobody else imports it"


def imports(source: Source, module: str) -> bool:
    package, _, name = module.rpartition(".")
    return any(
        isinstance(node, ast.ImportFrom)
        and (
            node.module == module
            or (node.module == package and name in {alias.name for alias in node.names})
        )
        for node in source.tree.body
    )


def registered_modules(registry: Source) -> set[str]:
    """Modules one of whose names stands inside a dict literal of the registry."""
    used = {
        name.id
        for literal in ast.walk(registry.tree)
        if isinstance(literal, ast.Dict)
        for value in literal.values
        for name in ast.walk(value)
        if isinstance(name, ast.Name)
    }
    return {
        (node.module or "").rsplit(".", 1)[-1]
        for node in registry.tree.body
        if isinstance(node, ast.ImportFrom)
        and used & {alias.asname or alias.name for alias in node.names}
    }


# ------------------------------------------------------------------------------------ text
UV_RUN = re.compile(r"\buv" + r"\s+run\b")
HOSTS = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", r"registry\." + r"(npmjs|yarnpkg)"))
)
MACHINE_PATH = re.compile(
    r"(?<![\w.~/-])/(?:home|Users|root|work|mnt|workspace|builds)/[\w.-]|\b[A-Z]:\\\\?Users\\"
)


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    for path in files(root):
        try:
            yield path, (root / path).read_text()
        except UnicodeDecodeError:
            continue  # an image


def unlocked_install(root: Path = ROOT) -> Iterator[str]:
    """The hashed locks are the only way in: the other lock and the other command resolve anew."""
    for path, text in texts(root):
        if path.name == "uv" + ".lock":
            yield f"{path}: remove it, `make setup` installs requirements/dev.txt"
        if UV_RUN.search(text):
            yield f"{path}: says {UV_RUN.search(text)[0]!r}"  # type: ignore[index]


def machine_address(root: Path = ROOT) -> Iterator[str]:
    """No path of one person's machine, no host of a package registry, anywhere."""
    own = {str(root), str(Path.home())} - {"/"}
    for path, text in texts(root):
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line) or any(place in line for place in own if len(place) > 6):
                yield f"{path}:{number}: path of one machine"
            if HOSTS.search(line):
                yield f"{path}:{number}: host of a package registry"


def address_in_lock(root: Path = ROOT) -> Iterator[str]:
    """A lock with hashes and without addresses works behind any mirror."""
    for path in sorted((root / "requirements").glob("*.txt")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "://" in line or line.lstrip().startswith(("--index", "--extra-index", "--find")):
                yield f"requirements/{path.name}:{number}: address"
    for lock in (path for path, _ in texts(root) if path.name == "package-lock.json"):
        if '"resolved"' in (root / lock).read_text():
            yield f"{lock}: address (see .npmrc)"


TREE_RULES = (crowded_folder, forgotten_entry, unlocked_install, machine_address, address_in_lock)
