"""The API's description in the repository is the one that the code gives."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def generated() -> str:
    out = StringIO()
    call_command("spectacular", stdout=out)
    return out.getvalue()


def test_openapi_file__code_unchanged__in_step() -> None:
    """Mend with: .venv/bin/python manage.py spectacular --validate --file docs/openapi.yaml"""
    assert DESCRIPTION.read_text().strip() == generated().strip()


def test_openapi_file__a_path_missing__would_be_noticed() -> None:
    spoiled = DESCRIPTION.read_text().replace("/api/v1/proposals", "/api/v1/elsewhere", 1)
    assert spoiled.strip() != generated().strip()
