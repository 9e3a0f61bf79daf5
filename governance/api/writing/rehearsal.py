"""Parameters of a POST: `?dry_run=true` and nothing else."""

from __future__ import annotations

from rest_framework.exceptions import ParseError
from rest_framework.request import Request

DRY_RUN = "dry_run"
HEADER = "Dry-Run"


def is_dry_run(request: Request) -> bool:
    """Any other parameter is an error: a misspelt dry run would be a real one."""
    for name, value in request.query_params.items():
        if name != DRY_RUN:
            raise ParseError(f"Unknown parameter {name}; known: {DRY_RUN}.", "unknown_filter")
        if value not in {"true", "false"}:
            raise ParseError(f"{DRY_RUN} is true or false.", "invalid_filter")
    return str(request.query_params.get(DRY_RUN)) == "true"
