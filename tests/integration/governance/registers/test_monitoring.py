"""Monitoring: what is read, what is refused, who may stop and who starts again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from governance.core.identity.sessions import PROVED_AT
from governance.models import BreakerState, Halt
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.models import Price, PriceObservation, PriceSource

Readers = Callable[[str], Reader]
PAUSE = {"level": "MONITOR", "reason": "strange transfers"}


def test_monitoring__healthy__feeds_provider_gas_and_work(stage: Stage, reader: Readers) -> None:
    stage.settle(stage.propose("yield"), {"DONE"})
    page = reader("arne").page("/monitoring/")
    for words in (
        "No halt is open",
        "One provider",
        "127.0.0.1",
        "31337",
        "Accepted",
        "uniswap_v3_twap",
        "executions of",
        "Wake-ups in execution",
        "trades",
    ):
        assert words in page, words
    assert "Refused" not in page


def test_breakers__all_clean_then_one_over__the_one_stands_first_in_peoples_units(
    stage: Stage, reader: Readers
) -> None:
    stage.propose("yield")
    page = reader("arne").page("/monitoring/")
    assert "None is over its limit" in page
    assert "80 gwei" in page
    assert "0000 wei" not in page
    BreakerState.objects.filter(breaker="GAS", scope__tier_id=stage.tier_id("yield")).update(
        standing="OVER", value="90000000000 wei"
    )
    page = reader("arne").page("/monitoring/")
    assert "None is over its limit" not in page
    first, others = page.split("The others, with what each reads")
    assert "90 gwei" in first
    assert "90 gwei" not in others


def test_breakers__over_then_not_known__is_not_folded_away(stage: Stage, reader: Readers) -> None:
    stage.propose("yield")
    BreakerState.objects.filter(breaker="GAS", scope__tier_id=stage.tier_id("yield")).update(
        standing="UNKNOWN", over_since=5, clean_since=None, reason="nobody told the base fee"
    )
    first, others = reader("arne").page("/monitoring/").split("The others, with what each reads")
    assert "nobody told the base fee" in first
    assert "nobody told the base fee" not in others


def test_monitoring__refused_source__is_told_with_its_reason(stage: Stage, reader: Readers) -> None:
    source = PriceSource.objects.get(asset__symbol="DAI", kind="chainlink")
    now, hash_ = stage.head().timestamp, "0x" + "ab" * 32
    Price.objects.create(
        asset=source.asset,
        block_number=10**6,
        block_hash=hash_,
        block_timestamp=now,
        observed_at=now,
        accepted_count=0,
        reason="0 sources of 2",
    )
    PriceObservation.objects.create(
        source=source,
        block_number=10**6,
        block_hash=hash_,
        observed_at=now - 9_000,
        price_usd=Decimal(1),
        is_accepted=False,
        reason="older than its heartbeat",
    )
    page = reader("olga").page(f"/monitoring/{stage.seeded.treasury.public_id}/")
    for words in (
        "older than its heartbeat",
        "2 h 30 min",
        "Refused",
        "0 sources of 2",
        "No price",
    ):
        assert words in page, words


def test_monitoring__node_silent__says_so_and_shows_the_rest(
    stage: Stage, reader: Readers, settings: Any
) -> None:
    stage.propose("yield")
    settings.RPC_URLS = ["http://127.0.0.1:1"]
    page = reader("arne").page("/monitoring")
    assert "does not answer" in page
    assert "uniswap_v3_twap" in page


@pytest.mark.parametrize("name", ["fiona", "olga", "sofia"])
def test_pause__any_acting_role__stops_the_treasury(
    stage: Stage, reader: Readers, name: str
) -> None:
    answer = reader(name).post("/monitoring/", **PAUSE)
    assert answer.status == 200
    halt = Halt.objects.get()
    assert (halt.level, halt.scope.tier, halt.tripped_by) == ("MONITOR", None, f"PERSON:{name}")
    assert "strange transfers" in answer.text
    assert "strange transfers" in reader("arne").page("/monitoring")


@pytest.mark.parametrize("name", ["arne", "ada"])
def test_pause__who_only_reads__is_refused(stage: Stage, reader: Readers, name: str) -> None:
    assert reader(name).post("/monitoring/", **PAUSE).status == 403
    assert "Pause the treasury" not in reader(name).page("/monitoring")
    assert not Halt.objects.exists()


@pytest.mark.parametrize(
    "form", [PAUSE | {"level": "SEMI"}, PAUSE | {"reason": " "}, PAUSE | {"reason": "x" * 301}]
)
def test_pause__bad_input__says_where_and_keeps_what_was_typed(
    stage: Stage, reader: Readers, form: dict[str, str]
) -> None:
    answer = reader("olga").post("/monitoring/", **form)
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert f'value="{form["reason"].strip() or " "}' in answer.text
    assert not Halt.objects.exists()


def test_pause__node_silent__the_brake_works(stage: Stage, reader: Readers, settings: Any) -> None:
    settings.RPC_URLS = ["http://127.0.0.1:1"]
    reader("olga").post("/monitoring/", **PAUSE)
    assert Halt.objects.get().tripped_at > 0


def test_halt__two_people__end_it_and_one_alone_never(stage: Stage, reader: Readers) -> None:
    reader("olga").post("/monitoring/", **PAUSE)
    halt = Halt.objects.get()
    path = f"/monitoring/halts/{halt.public_id}/"
    assert reader("olga").post(path, reason="fine").status == 403
    assert reader("fiona").post(path, reason=" ").status == 409
    assert "Ask for a second person" in reader("fiona").page(path)
    assert "You asked to end it" in reader("fiona").post(path, reason="looked").text
    assert reader("fiona").post(path, reason="again").status == 409
    assert Halt.objects.filter(closed_at=None).count() == 1
    assert "Agree to end it" in reader("sofia").page(path)
    assert "Closed by two people" in reader("sofia").post(path, reason="agreed").text
    assert Halt.objects.filter(closed_at__isnull=False).count() == 1
    assert "No halt is open" in reader("arne").page("/monitoring/halts/")
    assert "fiona" in reader("arne").page("/monitoring/halts/")


def test_halt__of_another_treasury__is_not_there(stage: Stage, reader: Readers) -> None:
    assert reader("fiona").get("/monitoring/halts/halt_0/").status == 404
    assert reader("fiona").get("/monitoring/trs_0/").status == 404


def test_halt__log_in_of_long_ago__has_to_be_proved_anew(stage: Stage, reader: Readers) -> None:
    reader("olga").post("/monitoring/", **PAUSE)
    halt = Halt.objects.get()
    fiona = reader("fiona")
    session = fiona.client.session
    session[PROVED_AT] -= 601
    session.save()
    answer = fiona.post(f"/monitoring/halts/{halt.public_id}/", reason="looked")
    assert answer.status == 403
    assert "a proof of the last 10 minutes" in answer.text
    assert "looked" in answer.text
    assert Halt.objects.get().first_closer is None
