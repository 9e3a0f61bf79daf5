"""The verifier of Safe transactions as a function of documents and policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.verify.exports import (
    POLICY,
    VERIFIER,
)


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Exit code and output for these documents under a policy."""

    def run(*documents: object, policy: dict[str, Any] | None = None) -> tuple[int, str]:
        own = tmp_path / "policy.json"
        own.write_text(json.dumps(policy or POLICY))
        names = []
        for index, document in enumerate(documents):
            path = tmp_path / f"{index}.json"
            path.write_text(document if isinstance(document, str) else json.dumps(document))
            names.append(str(path))
        code = VERIFIER.main(["--policy", str(own), *names])
        return code, capsys.readouterr().out

    return run
