"""The read API as an accounting system sees it: through tokens, exact, paged, scoped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.services.identity import issue_token
from tests.integration.treasury.accounting.books import WETH_UNIT, post, purchase, sale
from tests.integration.treasury.world import ACTOR, World, publish_core_policy
from treasury.core.access import SCOPES
from treasury.core.types import Address
from treasury.models import Treasury
from treasury.services.ledger import open_books
from treasury.services.portfolio import create_treasury
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db

LISTS = (
    "treasuries",
    "tiers",
    "assets",
    "prices",
    "snapshots",
    "positions",
    "journal-entries",
    "lots",
    "events",
)
Get = Callable[..., Any]


def token_client(treasury: Treasury, scopes: set[str] | None = None) -> Client:
    issued = issue_token(
        treasury_id=treasury.id,
        name="books",
        scopes=scopes or {scope.replace(".", ":") for scope in SCOPES},
        expires_at=timezone.now() + timedelta(days=1),
        now=timezone.now(),
        is_live=False,
        actor=ACTOR,
    )
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


@pytest.fixture
def full_world(world: World) -> World:
    publish_core_policy(world)
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    at = snapshot.block_timestamp + 60
    post(world, purchase(world, 1, 3 * WETH_UNIT, "2000.5", at=at))
    post(world, sale(world, 2, 2 * WETH_UNIT, "3000", at=at + 60))
    return world


@pytest.fixture
def get(full_world: World) -> Get:
    client = token_client(full_world.treasury)

    def answer(path: str, status: int = 200) -> Any:
        found = client.get(f"/api/v1/{path}")
        assert found.status_code == status, found.content
        return json.loads(found.content, parse_float=lambda text: pytest.fail(f"float {text}"))

    return answer


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value


@pytest.mark.parametrize("name", LISTS)
def test_lists_answer_with_and_without_slash(get: Get, name: str) -> None:
    plain = get(name)
    assert plain == get(f"{name}/")
    assert plain["data"]
    assert plain["has_more"] is False
    for item in plain["data"]:
        assert item["object"]
        if name != "positions":
            assert re.fullmatch(r"[a-z]+_[0-9A-Z]{26}", item["id"])


@pytest.mark.parametrize("name", [name for name in LISTS if name not in {"positions", "events"}])
def test_details_hold_at_least_what_the_list_holds(get: Get, name: str) -> None:
    for item in get(name)["data"][:3]:
        assert get(f"{name}/{item['id']}").items() >= item.items()
        assert {"created_at", "updated_at", "version"} <= item.keys()
    get(f"{name}/xyz_{'0' * 26}", status=404)


@pytest.mark.parametrize("name", LISTS)
def test_amounts_are_text_and_times_are_utc(get: Get, name: str) -> None:
    for key, value in leaves(get(name)["data"]):
        if key in {"amount", "base_fee_wei"}:
            assert re.fullmatch(r"-?\d+(\.\d+)?", value)
        if key.endswith("_at") or key == "timestamp":
            assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value)


def test_an_entry_in_full(get: Get, full_world: World) -> None:
    entry = next(item for item in get("journal-entries")["data"] if item["kind"] == "SWAP")
    assert entry["chain_id"] == 31337
    assert entry["proposal"] == "prop_42"
    assert entry["tx_hash"].startswith("0x")
    total = sum(int(line["amount"]["amount"].replace(".", "")) for line in entry["postings"])
    assert total == 0
    sold = next(line for line in entry["postings"] if line["account"].endswith(":WETH"))
    assert sold["quantity"] == {
        "amount": str(-2 * WETH_UNIT),
        "decimals": 18,
        "asset": full_world.assets["WETH"].public_id,
        "symbol": "WETH",
    }
    assert sold["holder"] == full_world.safes["core"].address
    assert [item["quantity"]["amount"] for item in entry["disposals"]] == [str(2 * WETH_UNIT)]
    lot = get(f"lots/{entry['disposals'][0]['lot']}")
    assert lot["version"] == 2
    assert int(lot["remaining"]["amount"]) == int(lot["quantity"]["amount"]) - 2 * WETH_UNIT
    assert lot["updated_at"] > lot["created_at"]


def test_a_consumer_by_sequence_misses_nothing(get: Get, full_world: World) -> None:
    for number, name in enumerate(("journal-entries", "events")):
        everything = [item["sequence"] for item in get(f"{name}?limit=200")["data"]]
        assert everything == list(range(1, len(everything) + 1))
        seen: list[int] = []
        while page := get(f"{name}?after_sequence={seen[-1] if seen else 0}&limit=3")["data"]:
            seen += [item["sequence"] for item in page]
        assert seen == everything
        post(full_world, purchase(full_world, 77 + number, WETH_UNIT, "2000"))
        assert get(f"{name}?after_sequence={seen[-1]}")["data"]


def test_pages_by_cursor(get: Get) -> None:
    whole = get("positions?limit=200")["data"]
    page = get("positions?limit=4")
    found = page["data"]
    while page["has_more"]:
        page = get(f"positions?limit=4&cursor={page['next_cursor']}")
        found += page["data"]
    assert found == whole


def test_filters(get: Get, full_world: World) -> None:
    tier = full_world.core.public_id
    found = get(f"positions?tier={tier}")["data"]
    assert {item["quantity"]["symbol"] for item in found} == {"WETH", "USDC", "WBTC"}
    asset = full_world.assets["WETH"].public_id
    price = get(f"prices?asset={asset}")["data"][0]
    observations = get(f"prices/{price['id']}")["observations"]
    assert {item["kind"] for item in observations} == {"chainlink", "uniswap_v3_twap"}
    assert get("journal-entries?kind=SWAP")["data"][0]["kind"] == "SWAP"
    assert get("lots?remaining[gt]=0")["data"]


@pytest.mark.parametrize(
    "path",
    [
        "tiers?colour=red",
        "journal-entries?after_sequence=x",
        "journal-entries?after_sequence=-1",
        "events?after_sequence=99999999999999999999",
        "snapshots?block_number=1.5",
        "lots?limit=0",
        "assets?cursor=forged",
    ],
)
def test_a_wrong_question_is_an_error_and_not_an_empty_answer(get: Get, path: str) -> None:
    assert get(path, status=400)["status"] == 400


def test_nobody_sees_another_treasury(full_world: World) -> None:
    other = create_treasury(
        name="Other",
        chain_id=31337,
        executor_address=Address(full_world.treasury.executor_address),
        actor=ACTOR,
    )
    owner, stranger = token_client(full_world.treasury), token_client(other)
    for name in LISTS:
        mine = owner.get(f"/api/v1/{name}").json()["data"]
        theirs = stranger.get(f"/api/v1/{name}").json()["data"]
        if name == "treasuries":
            assert [item["id"] for item in theirs] == [other.public_id]
        else:
            assert theirs == []
        if "id" in mine[0]:
            path = f"/api/v1/{name}/{mine[0]['id']}"
            assert stranger.get(path).status_code == 404


def test_a_scope_opens_its_own_door_only(full_world: World) -> None:
    client = token_client(full_world.treasury, {"ledger:read"})
    for name in LISTS:
        expected = 200 if name in {"journal-entries", "lots"} else 403
        assert client.get(f"/api/v1/{name}").status_code == expected
        assert Client().get(f"/api/v1/{name}").status_code == 401
        assert client.post(f"/api/v1/{name}").status_code in {403, 405}
