"""Schemathesis over the committed description, with every role and scope, against the real WSGI
application: no 5xx, and no answer that the description does not know (SC-6).

Requests are made in the test's own thread and transaction; each is rolled back, so that the place
stays as it is. `full` draws many more.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from tests.integration.governance.conftest import Stage
from tests.integration.rest.conftest import Say
from tests.integration.rest.test_matrix import (
    ANY_SCOPE,
    MATRIX,
    PUBLIC,
    ROLES,
    SCOPE_NAMES,
    Place,
    place,
    token,
)

__all__ = ["place"]

DESCRIPTION = Path(__file__).parents[3] / "docs" / "openapi.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CSRF = "a" * 32


@dataclass(frozen=True)
class Principal:
    name: str
    headers: dict[str, str]
    cookies: dict[str, str]

    def may(self, address: str) -> bool:
        row = MATRIX[address]
        letter = "S" if self.name == "M" else self.name
        return (
            row.people == PUBLIC
            or letter in row.people
            or self.name in {row.scope, "all"}
            or (row.scope == ANY_SCOPE and self.name != "nobody")
        )


def principals(stage: Stage) -> Iterator[Principal]:
    yield Principal("nobody", {}, {})
    for letter, name in ROLES.items():
        session = stage.client(name).cookies["sessionid"].value
        cookies = {"sessionid": session, "csrftoken": CSRF}
        yield Principal(letter, {"X-CSRFToken": CSRF}, cookies)
    treasury_id = stage.seeded.treasury.pk
    for scope in SCOPE_NAMES:
        yield Principal(scope, {"Authorization": f"Bearer {token(treasury_id, scope)}"}, {})
    yield Principal("all", {"Authorization": f"Bearer {token(treasury_id, *SCOPE_NAMES)}"}, {})


def address_of(operation: Any) -> str:
    path = re.sub(r"\{\w+\}", "{id}", operation.path.removeprefix("/api/v1/").rstrip("/"))
    return f"{operation.method.upper()} {path}"


class Fuzzer:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        drawing = {"generation": {"with-security-parameters": False}}  # we bring credentials
        self.schema = schemathesis.openapi.from_path(
            DESCRIPTION, config=SchemathesisConfig.from_dict(drawing)
        )
        self.schema.app = application
        self.operations = [found.ok() for found in self.schema.get_all_operations()]  # type: ignore[union-attr]

    def run(self, principals: Sequence[Principal], *, examples: int) -> None:
        """Each drawn request is made by everybody who is let in, the first one by all others too:
        drawing costs more than asking."""
        for operation in self.operations:
            address = address_of(operation)
            known = self.place.ids.get(address.partition(" ")[2].partition("/")[0])
            fixed = {"public_id": known} if "{id}" in address else None
            let_in = [principal for principal in principals if principal.may(address)]
            for mode in MODES:
                self._draw(operation, mode, fixed, let_in, examples)
            others = [principal for principal in principals if principal not in let_in]
            self._draw(operation, MODES[0], fixed, others, 1)

    def _draw(
        self,
        operation: Any,
        mode: GenerationMode,
        fixed: dict[str, Any] | None,
        principals: Sequence[Principal],
        examples: int,
    ) -> None:
        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=fixed))
        @settings(
            max_examples=examples,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def once(case: Any) -> None:
            for principal in principals:
                self._ask(case, principal)

        try:
            once()
        except Unsatisfiable:
            if mode is GenerationMode.POSITIVE:  # else: nothing in it can be wrong
                raise

    def _ask(self, case: Any, principal: Principal) -> None:
        cache.clear()  # or the limits answer instead
        with one_connection(), transaction.atomic():
            response = case.call(headers=principal.headers, cookies=principal.cookies)
            transaction.set_rollback(True)
        self.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS, headers=principal.headers)
        except schemathesis.core.failures.FailureGroup as failures:
            said = "; ".join(str(failure).splitlines()[0] for failure in failures.exceptions)
            where = f"{case.method} {case.formatted_path}"
            self.wrong.append(f"{where} by {principal.name}: {response.status_code}: {said}")


@contextmanager
def one_connection() -> Iterator[None]:
    """The application closes its connection around each request; here it is the test's own."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def fuzz(place: Place, say: Say, *, examples: int) -> None:
    fuzzer, started = Fuzzer(place), time.monotonic()
    everybody = list(principals(place.stage))
    fuzzer.run(everybody, examples=examples)
    seconds = time.monotonic() - started
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(fuzzer.statuses.items()))
    say(
        f"schemathesis: {len(fuzzer.operations)} operations x {len(everybody)} principals, "
        f"{fuzzer.statuses.total()} requests in {seconds:.0f} s ({counts})",
        fuzzer.wrong,
    )
    assert not fuzzer.wrong, "\n".join(sorted(set(fuzzer.wrong)))
    assert fuzzer.statuses[200] > 0
    assert fuzzer.statuses[201] > 0


def test_every_operation__every_principal__answers_as_described(place: Place, say: Say) -> None:
    fuzz(place, say, examples=2)


@pytest.mark.full
def test_every_operation__many_more_examples__answers_as_described(place: Place, say: Say) -> None:
    fuzz(place, say, examples=60)
