"""The API's description in the repository is the one that the code gives, promises nothing that
money cannot keep, and takes back nothing that it promised."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from tests.architecture.openapi_breaks import breaks

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"
ERRORS = {"401", "403", "404", "429"}


def generated() -> str:
    out = StringIO()
    call_command("spectacular", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def nodes(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield where, value
        for name, item in value.items():
            yield from nodes(item, f"{where}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from nodes(item, f"{where}/{number}")


def test_openapi_file__code_unchanged__in_step() -> None:
    """Mend with: .venv/bin/python manage.py spectacular --validate --file docs/openapi.yaml"""
    assert DESCRIPTION.read_text().strip() == generated().strip()


def test_openapi_file__a_path_missing__would_be_noticed() -> None:
    spoiled = DESCRIPTION.read_text().replace("/api/v1/proposals", "/api/v1/elsewhere", 1)
    assert spoiled.strip() != generated().strip()


def test_code__against_the_committed_file__breaks_no_caller(committed: dict[str, Any]) -> None:
    """Runs also when the file was renewed in the same change by mistake: then only `in_step` is
    green, and the reviewer sees the removed lines; here it compares what stands."""
    assert list(breaks(committed, yaml.safe_load(generated()))) == []


def test_numbers__anywhere__are_whole(committed: dict[str, Any]) -> None:
    """Amounts and ratios are text or integers: no `number`, no float in an example or default."""
    floats = [
        where
        for where, node in nodes(committed)
        if "number" in (node.get("type") or "") or node.get("format") in {"float", "double"}
    ]
    assert floats == []
    values = [
        where
        for where, node in nodes(committed)
        for name in ("example", "default", "minimum", "maximum")
        if isinstance(node.get(name), float)
    ]
    assert values == []


def test_errors__of_every_operation__are_problem_details(committed: dict[str, Any]) -> None:
    for name, operation in operations(committed):
        found = {code: item for code, item in operation["responses"].items() if code[0] in "45"}
        assert set(found) >= ERRORS, name
        for code, item in found.items():
            assert item == {"$ref": f"#/components/responses/Problem{code}"}, (name, code)
    for response in committed["components"]["responses"].values():
        assert list(response["content"]) == ["application/problem+json"]


def test_operation_ids__all__are_there_once(committed: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(committed)]
    assert len(ids) == len(set(ids))


# ------------------------------------------------------------------ what counts as a break
def broken(committed: dict[str, Any], change: Any) -> list[str]:
    changed = deepcopy(committed)
    change(changed)
    return list(breaks(committed, changed))


PROPOSALS = "/api/v1/proposals/"


def test_breaks__a_path_or_method_or_answer_gone__are_named(committed: dict[str, Any]) -> None:
    assert broken(committed, lambda new: new["paths"].pop(PROPOSALS))
    assert broken(committed, lambda new: new["paths"][PROPOSALS].pop("get"))
    assert broken(committed, lambda new: new["paths"][PROPOSALS]["get"]["responses"].pop("200"))


def test_breaks__a_member_gone_or_of_another_type__are_named(committed: dict[str, Any]) -> None:
    def members(new: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = new["components"]["schemas"]["Proposal"]["properties"]
        return found

    assert broken(committed, lambda new: members(new).pop("value_usd"))
    assert broken(committed, lambda new: members(new)["version"].update(type="string"))


def test_breaks__a_new_duty_of_the_caller__is_named(committed: dict[str, Any]) -> None:
    def demand(new: dict[str, Any]) -> None:
        new["components"]["schemas"]["ReasonRequest"]["required"] = ["reason", "mood"]

    def ask(new: dict[str, Any]) -> None:
        new["paths"][PROPOSALS]["get"]["parameters"].append(
            {"name": "mood", "in": "query", "required": True, "schema": {"type": "string"}}
        )

    assert broken(committed, demand)
    assert broken(committed, ask)


def test_breaks__what_is_added__is_none(committed: dict[str, Any]) -> None:
    def add(new: dict[str, Any]) -> None:
        new["paths"]["/api/v1/more/"] = {}
        new["components"]["schemas"]["Proposal"]["properties"]["more"] = {"type": "string"}

    assert broken(committed, add) == []
