"""Role x endpoint (RS-21): every address of the API, every principal, own and foreign treasury.

What is right is written down here, from the table of roles, and not read from the code: a row per
address and method. An address without a row fails, a row without an address too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from execution.models import Break
from governance.core.roles import Role
from governance.core.routing import Level
from governance.models import ApiToken
from governance.services.halts import Trip, trip
from governance.services.identity import create_user, grant_role, issue_token
from governance.services.notifying.channels import create_channel, send_test
from governance.services.registers.notices import NoticeDraft, write_notice
from tests.integration.governance.conftest import Stage
from tests.integration.rest.conftest import Say
from tests.rest_client import RestClient
from treasury.core.access import SCOPES
from treasury.core.types import Actor, ActorKind, Address
from treasury.services.portfolio import create_treasury

ACTOR = Actor(ActorKind.SYSTEM, "test")
ROLES = {"F": "fiona", "O": "olga", "S": "sofia", "M": "bea", "A": "arne", "D": "ada"}
"""Finance, operator, signer (owns the Safe), member of a Safe that owns it, auditor, admin (D, for
directory)."""
PREFIX = "api/v1/"
PUBLIC = "*"
ANY_SCOPE = "any"
"""Every token, whatever it may do."""
SIGNATURE = {"owner": "0x" + "11" * 20, "signature": "0x" + "22" * 65}


@dataclass(frozen=True)
class Row:
    """`people`: letters of ROLES, or PUBLIC when nobody is asked for. `scope`: the one that opens
    it to a token, empty for never. `body`: well-shaped, so that nothing hides the refusal."""

    people: str
    scope: str
    body: dict[str, Any] = field(default_factory=dict)


READ = "FOSAD"
WHY = {"reason": "matrix"}
NOTICE: dict[str, Any] = {
    "kind": "UPGRADE",
    "title": "matrix",
    "body": "matrix",
    "source_url": "https://example.org/",
    "starts_at": 1,
    "ends_at": 4_000_000_000,
}
EDIT: dict[str, Any] = {"legs": [{"index": 0, "sell_units": "0"}], **WHY}
HOOK: dict[str, Any] = {"kind": "email", "target": "matrix@example.org"}
KEY = {"name": "matrix", "scopes": ["ledger:read"], "expires_at": "2099-01-01T00:00:00Z"}
MATRIX: dict[str, Row] = {
    # ----------------------------------------------------------------- what there is
    "GET treasuries": Row(READ, "treasury:read"),
    "GET treasuries/{id}": Row(READ, "treasury:read"),
    "GET tiers": Row(READ, "treasury:read"),
    "GET tiers/{id}": Row(READ, "treasury:read"),
    "GET assets": Row(READ, "treasury:read"),
    "GET assets/{id}": Row(READ, "treasury:read"),
    "GET prices": Row(READ, "treasury:read"),
    "GET prices/{id}": Row(READ, "treasury:read"),
    "GET snapshots": Row(READ, "treasury:read"),
    "GET snapshots/{id}": Row(READ, "treasury:read"),
    "GET positions": Row(READ, "treasury:read"),
    "GET policies": Row(READ, "policy:read"),
    "GET policies/{id}": Row(READ, "policy:read"),
    "GET me": Row(READ, ANY_SCOPE),
    # ----------------------------------------------------------------- books, executions, record
    "GET journal-entries": Row(READ, "ledger:read"),
    "GET journal-entries/{id}": Row(READ, "ledger:read"),
    "GET lots": Row(READ, "ledger:read"),
    "GET lots/{id}": Row(READ, "ledger:read"),
    "GET breaks": Row(READ, "ledger:read"),
    "GET breaks/{id}": Row(READ, "ledger:read"),
    "GET events": Row(READ, "events:read"),
    "GET transactions": Row(READ, "proposal:read"),
    "GET transactions/{id}": Row(READ, "proposal:read"),
    "GET audit-events": Row("FA", "audit:read"),
    # ----------------------------------------------------------------- proposals
    "GET proposals": Row(READ, "proposal:read"),
    "GET proposals/{id}": Row(READ, "proposal:read"),
    "GET proposals/{id}/explanation": Row(READ, "proposal:read"),
    "GET proposals/{id}/verification": Row(READ, "proposal:read"),
    "GET proposals/{id}/scrutiny": Row(READ, "proposal:read"),
    "GET proposals/{id}/comments": Row(READ, "proposal:read"),
    "POST proposals": Row("FOS", "proposal:write", {"tier": "{tiers}", **WHY}),
    "POST proposals/{id}/simulations": Row(READ, "proposal:read"),
    "POST tiers/{id}/checks": Row("FOS", "proposal:write"),
    "POST proposals/{id}/confirmations": Row(PUBLIC, "", SIGNATURE),
    "POST proposals/{id}/approvals": Row("O", ""),
    "POST proposals/{id}/vetoes": Row("FOS", "", WHY),
    "POST proposals/{id}/declines": Row("FOS", "", WHY),
    "GET proposals/{id}/package": Row(READ, "proposal:read"),
    "POST proposals/{id}/edits": Row("FOS", "", EDIT),
    "POST proposals/{id}/rejections": Row("FOS", "", WHY),
    "POST proposals/{id}/rejections/confirmations": Row(PUBLIC, "", SIGNATURE),
    "POST proposals/{id}/executions": Row("OS", ""),
    "POST proposals/{id}/comments": Row("FOS", "", {"text": "matrix"}),
    "POST proposals/{id}/acknowledgements": Row("FOS", "", {"flag": "NEW_ASSET"}),
    "POST proposals/{id}/answers": Row("FOS", "", {"answer": "1"}),
    "POST proposals/imports": Row("FOS", "", {"document": "matrix"}),
    "GET proposals/imports/{id}": Row(READ, "proposal:read"),
    # ----------------------------------------------------------------- halts
    "GET halts/{id}": Row(READ, "treasury:read"),
    "GET halts": Row(READ, "treasury:read"),
    "GET breakers": Row(READ, "treasury:read"),
    "POST halts": Row("FOS", "breaker:trip", {"treasury": "{treasuries}", **WHY}),
    "POST halts/{id}/resets": Row("FS", "", WHY),
    # ----------------------------------------------------------------- notices
    "GET notices": Row(READ, "treasury:read"),
    "POST notices": Row("FO", "", {"treasury": "{treasuries}", **NOTICE}),
    "POST notices/{id}/withdrawals": Row("FO", "", WHY),
    # ----------------------------------------------------------------- channels
    "GET webhooks": Row(READ, ""),
    "POST webhooks": Row(READ, "", {"treasury": "{treasuries}", **HOOK}),
    "GET webhooks/{id}": Row("D", ""),
    "DELETE webhooks/{id}": Row("D", ""),
    "POST webhooks/{id}/activations": Row("D", ""),
    "POST webhooks/{id}/rotations": Row("D", ""),
    "POST webhooks/{id}/tests": Row("D", ""),
    "GET webhooks/{id}/deliveries": Row("D", ""),
    "POST webhooks/{id}/deliveries/{id}/replays": Row("D", ""),
    # ----------------------------------------------------------------- machines' keys
    "GET tokens": Row("D", ""),
    "POST tokens": Row("D", "", {"treasury": "{treasuries}", **KEY}),
    "DELETE tokens/{id}": Row("D", ""),
}
"""The channel of these rows is the treasury's own; a person's own are tried elsewhere."""
WHOLE_SERVICE = {"GET audit-events", "POST proposals/imports"}
"""One chain for everybody: there is no foreign treasury in it. What is brought names no object; a
Safe of somebody else's is unknown (test_importing)."""


# ------------------------------------------------------------------------------------ addresses
def patterns(
    entries: Sequence[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, here)
        else:
            yield here, entry.callback


def addresses() -> list[str]:
    """`METHOD path/{id}` of everything under the API's prefix."""
    found = []
    for regex, callback in patterns(get_resolver().url_patterns):
        if not regex.startswith(PREFIX):
            continue
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "{id}", regex.removeprefix(PREFIX))
        path = path.removeprefix("^").removesuffix("/?$")
        methods = [name for name in callback.view_class.http_method_names if name != "options"]
        found += [
            f"{method.upper()} {path}"
            for method in methods
            if method != "head" and hasattr(callback.view_class, method)
        ]
    return found


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(addresses()) == sorted(MATRIX)


# ------------------------------------------------------------------------------------ the place
@dataclass(frozen=True)
class Place:
    stage: Stage
    ids: dict[str, str]

    def ask(self, client: APIClient, address: str) -> Any:
        """As a well-behaved caller would; a POST as a dry run, so that no cell changes another."""
        method, _, path = address.partition(" ")
        url = f"/{PREFIX}" + re.sub(
            r"([\w-]+)/\{id\}", lambda found: f"{found[1]}/{self.ids[found[1]]}", path
        )
        if method == "GET":
            return client.get(url)
        if method == "DELETE":
            return client.delete(url)
        body = {
            name: value.format(**self.ids) if str(value).startswith("{") else value
            for name, value in MATRIX[address].body.items()
        }
        return client.post(f"{url}?dry_run=true", body)


@pytest.fixture
def place(stage: Stage) -> Place:
    """An object of every kind: a proposal that collects, one that was executed, a halt, a Break."""
    executed = stage.settle(stage.propose("yield"), {"DONE"})
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    halt = trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("core"),
        found=Trip("BY_HAND", Level.SEMI, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )
    Break.objects.create(
        treasury=stage.seeded.treasury,
        kind="ALLOWANCE",
        holder="0x" + "11" * 20,
        expected_units=0,
        actual_units=1,
        block_number=1,
        reason="test",
    )
    write_notice(
        treasury_id=stage.seeded.treasury.pk,
        draft=NoticeDraft(**NOTICE),
        author=stage.people["olga"],
        actor=ACTOR,
        block=stage.head(),
    )
    assert executed.transaction is not None
    token(stage.seeded.treasury.pk, "ledger:read")
    key = ApiToken.objects.latest("pk").public_id
    ids = {"proposals": proposal.public_id, "halts": halt.public_id, "tokens": key}
    ids |= channel_ids(stage)
    client = stage.client("fiona")
    export = client.get(f"/{PREFIX}proposals/{proposal.public_id}/verification").json()
    brought = client.post(f"/{PREFIX}proposals/imports", {"document": export}).json()
    ids["imports"] = brought["id"]
    for path in {address.partition(" ")[2] for address in MATRIX}:
        name = path.partition("/")[0]
        if "{id}" in path and name not in ids:
            ids[name] = client.get(f"/{PREFIX}{name}").json()["data"][0]["id"]
    ids |= {path: "" for path in (a.partition(" ")[2] for a in MATRIX) if path not in ids}
    return Place(stage, ids)


def channel_ids(stage: Stage) -> dict[str, str]:
    """A channel of the treasury itself, and a message to it."""
    channel = create_channel(
        treasury_id=stage.seeded.treasury.pk, user=None, actor=ACTOR, **HOOK
    ).channel
    message = send_test(channel_id=channel.pk, now=datetime.now(UTC), actor=ACTOR)
    return {"webhooks": channel.public_id, "deliveries": message.public_id}


def token(treasury_id: int, *scopes: str) -> str:
    now = datetime.now(UTC)
    return issue_token(
        treasury_id=treasury_id,
        name="matrix",
        scopes=scopes,
        expires_at=now + timedelta(days=1),
        now=now,
        is_live=False,
        actor=ACTOR,
    ).secret


def bearer(treasury_id: int, *scopes: str) -> RestClient:
    return RestClient(headers={"Authorization": f"Bearer {token(treasury_id, *scopes)}"})


SCOPE_NAMES = sorted(scope.replace(".", ":") for scope in SCOPES)


def verdict(status: int) -> str:
    """What the door said; anything else came from behind it."""
    return {401: "unknown", 403: "refused", 404: "absent"}.get(status, "let in")


# ------------------------------------------------------------------------------------ the cells
def test_own_treasury__every_principal__as_the_matrix_says(place: Place, say: Say) -> None:
    clients: dict[str, APIClient] = {
        letter: place.stage.client(name) for letter, name in ROLES.items()
    }
    treasury_id = place.stage.seeded.treasury.pk
    clients |= {scope: bearer(treasury_id, scope) for scope in SCOPE_NAMES}
    clients["nobody"] = RestClient()
    wrong, cells = [], 0
    for address, row in MATRIX.items():
        for name, client in clients.items():
            cells += 1
            if row.people == PUBLIC:
                expected = "let in"
            elif name == "nobody":
                expected = "unknown"
            elif name in ROLES:
                letter = "S" if name == "M" else name  # a member signs as a signer does
                expected = "let in" if letter in row.people else "refused"
            else:
                expected = "let in" if row.scope in {name, ANY_SCOPE} else "refused"
            answer = place.ask(client, address)
            if verdict(answer.status_code) != expected or answer.status_code >= 500:
                wrong.append(f"{address} by {name}: {answer.status_code}, expected {expected}")
    say(f"matrix: {len(MATRIX)} addresses x {len(clients)} principals, {cells} cells", wrong)
    assert wrong == []


def test_foreign_treasury__all_roles_and_all_scopes__is_as_if_it_did_not_exist(
    place: Place, say: Say
) -> None:
    other = create_treasury(
        name="Elsewhere",
        chain_id=31337,
        executor_address=Address("0x000000000000000000000000000000000000dEaD"),
        actor=ACTOR,
    )
    clients: dict[str, APIClient] = {"all scopes": bearer(other.pk, *SCOPE_NAMES)}
    for role in Role:
        if role is not Role.SIGNER:
            user = create_user(username=f"eve-{role}", password=None, actor=ACTOR)
            grant_role(user=user, treasury_id=other.pk, role=role, actor=ACTOR)
            clients[role.value] = RestClient()
            clients[role.value].force_login(user)
    own, wrong, cells = place.ids["treasuries"], [], 0
    for address, row in MATRIX.items():
        if row.people == PUBLIC or row.scope == ANY_SCOPE or address in WHOLE_SERVICE:
            continue
        for name, client in clients.items():
            cells += 1
            answer = place.ask(client, address)
            door = verdict(answer.status_code)
            is_list = address.startswith("GET") and "{id}" not in address
            hidden = door == "let in" and own not in answer.content.decode() if is_list else False
            if door not in {"refused", "absent"} and not hidden:
                wrong.append(f"{address} by {name}: {answer.status_code}")
    say(f"matrix: {cells} foreign cells", wrong)
    assert wrong == []


def test_a_list_of_a_foreign_treasury__filtered_by_its_id__is_empty(place: Place) -> None:
    other = create_treasury(
        name="Elsewhere",
        chain_id=31337,
        executor_address=Address("0x000000000000000000000000000000000000dEaD"),
        actor=ACTOR,
    )
    client = bearer(other.pk, *SCOPE_NAMES)
    own = place.ids["treasuries"]
    for name in ("tiers", "assets", "snapshots", "journal-entries", "lots", "transactions"):
        assert client.get(f"/{PREFIX}{name}?treasury={own}").json()["data"] == [], name
