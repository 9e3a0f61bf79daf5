"""Who judges a finished world must not lean on the code that made it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parents[2] / "config" / "local" / "scenarios"
PRODUCT = {"treasury", "governance", "execution"}


def product_imports(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return [name for name in found if name.split(".")[0] in PRODUCT]


@pytest.mark.parametrize("name", ["judge", "sabotage", "summary"])
def test_judge__its_modules__import_nothing_of_the_product(name: str) -> None:
    assert product_imports((SCENARIOS / f"{name}.py").read_text()) == []


def test_judge__planted_import__is_noticed() -> None:
    assert product_imports("from treasury.core import lots") == ["treasury.core"]
