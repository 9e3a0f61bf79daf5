"""The repository as the rules see it: files, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "governance", "execution", "treasury")  # each may import those after it
SKIPPED = {".git", ".venv", ".local", ".hypothesis", "__pycache__", "node_modules", "staticfiles"}


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the root, so that a rule can judge by folder."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The whole tree, walked once for all rules."""
        return tuple(ast.walk(self.tree))

    def at(self, node: ast.AST, message: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"


def skipped(path: Path) -> bool:
    return any(part in SKIPPED or part.endswith("_cache") for part in path.parts)


def files(root: Path = ROOT) -> Iterator[Path]:
    """Every file of the repository, relative; without what is made by tools and never committed."""
    folders = [root]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            relative = entry.relative_to(root)
            if skipped(relative):
                continue
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            elif entry.is_file():
                yield relative


@cache
def python_files(root: Path = ROOT) -> tuple[Source, ...]:
    """Product and tests, without migrations, which are generated. Read once: no rule writes."""
    return tuple(
        Source(path, (root / path).read_text())
        for path in files(root)
        if path.suffix == ".py" and "migrations" not in path.parts
    )


def product_files(root: Path = ROOT) -> list[Source]:
    return [source for source in python_files(root) if source.path.parts[0] in PACKAGES]
