"""Flags from facts, what they demand, and the question drawn from the proposal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.questions import AskedLeg, Question, QuestionKind, is_right, question
from governance.core.scrutiny import (
    Deliberation,
    Facts,
    Flag,
    HaltFact,
    Severity,
    demands,
    flags,
    needs_question,
    strangers_alike,
)

CALM = Facts(
    value_usd=Decimal(10_000),
    nav_usd=Decimal(1_000_000),
    cost_bps=Decimal(14),
    cost_cap_bps=50,
    floor_bps=50,
    worse_bps=0,
    price_tolerance_bps=150,
)
SAFE = "0x25ad42D1C8dC2BEb6Ee79eC9D53534e1db4F625f"
TWIN = "0x25adffffffffffffffffffffffffffffffff625f"
LEG = AskedLeg("WETH", 18, 12_402_938_475_610_293_847, "USDC", 6, 31_870_123_456, SAFE)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


def names(facts: Facts) -> set[tuple[str, str]]:
    return {(flag.name, flag.severity.value) for flag in flags(facts)}


def test_flags__nothing_unusual__none() -> None:
    assert flags(CALM) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cost_bps": Decimal("50.01")}, ("cost_over_cap", "WARN")),
        ({"worse_bps": 26}, ("simulation_worse", "WARN")),
        ({"simulation_error": "GS013"}, ("simulation_fails", "CRITICAL")),
        ({"price_off_bps": Decimal("150.1")}, ("price_off_median", "WARN")),
        ({"queue_ahead": 1}, ("nonce_gap", "WARN")),
        ({"notices": ("Pectra on Tuesday",)}, ("notice_in_window", "WARN")),
        ({"value_usd": Decimal(250_000)}, ("large_share", "WARN")),
        ({"nav_usd": Decimal(0)}, ("large_share", "WARN")),
        ({"new_venues": ("Uniswap v3",)}, ("new_venue", "INFO")),
        ({"is_nested": True}, ("nested", "INFO")),
        ({"is_strategic": True}, ("strategic", "INFO")),
        ({"author": "olga"}, ("asked_for_by_a_person", "INFO")),
        ({"halts": (HaltFact("GAS", "SEMI", "80 gwei", blocks=False),)}, ("halt_open", "INFO")),
        ({"halts": (HaltFact("GAS", "FROZEN", "x", blocks=True),)}, ("halted", "CRITICAL")),
        ({"outside": (TWIN,), "known": ((SAFE, "main Safe"),)}, ("lookalike_address", "CRITICAL")),
    ],
)
def test_flags__one_thing_unusual__named_with_its_severity(
    change: dict[str, object], expected: tuple[str, str]
) -> None:
    assert names(replace(CALM, **change)) == {expected}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"cost_bps": Decimal(50)},
        {"worse_bps": 25},
        {"worse_bps": None},
        {"price_off_bps": Decimal(150)},
        {"value_usd": Decimal("249999.99")},
        {"outside": (SAFE.lower(),), "known": ((SAFE, "main Safe"),)},
    ],
)
def test_flags__at_the_limit__none(change: dict[str, object]) -> None:
    assert flags(replace(CALM, **change)) == ()  # type: ignore[arg-type]


def test_flags__several__most_severe_first_and_names_once() -> None:
    found = flags(
        replace(
            CALM,
            is_strategic=True,
            cost_bps=Decimal(99),
            simulation_error="GS013",
            outside=(TWIN, TWIN.replace("ff", "ee")),
            known=((SAFE, "main Safe"),),
        )
    )
    assert [flag.severity for flag in found] == sorted(
        (flag.severity for flag in found), key=["CRITICAL", "WARN", "INFO"].index
    )
    assert len({flag.name for flag in found}) == len(found)


def test_strangers_alike__only_what_resembles_and_is_unknown() -> None:
    stranger = "0x" + "1" * 40
    assert strangers_alike([TWIN, SAFE, stranger], {SAFE: "main Safe"}) == (
        (TWIN, SAFE, "main Safe"),
    )


# ------------------------------------------------------------------------------------ the gate
WARN = Flag("cost_over_cap", Severity.WARN, "t", "x")
CRITICAL = Flag("halted", Severity.CRITICAL, "t", "x")
INFO = Flag("nested", Severity.INFO, "t", "x")


def codes(
    *found: Flag, question_needed: bool = False, said: Deliberation | None = None
) -> list[str]:
    wanted = demands(found, question_needed=question_needed, said=said or Deliberation())
    return [demand.code for demand in wanted]


def test_demands__info_only__nothing() -> None:
    assert codes(INFO) == []


def test_demands__warning__by_its_name() -> None:
    assert codes(WARN) == ["flag_unacknowledged"]
    assert codes(WARN, said=Deliberation({"halted": "x"})) == ["flag_unacknowledged"]
    assert codes(WARN, said=Deliberation({"cost_over_cap": ""})) == []


def test_demands__critical__reason_and_second_person() -> None:
    assert codes(CRITICAL, said=Deliberation({"halted": " "})) == ["reason_required"]
    assert codes(CRITICAL, said=Deliberation({"halted": "known"})) == ["second_person_required"]
    assert codes(CRITICAL, said=Deliberation({"halted": "known"}, {"halted": 1})) == []


def test_demands__question_open__asked_last() -> None:
    assert codes(WARN, question_needed=True) == ["flag_unacknowledged", "question_unanswered"]
    said = Deliberation({"cost_over_cap": ""}, answered=True)
    assert codes(WARN, question_needed=True, said=said) == []


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_question__by_value__asked_from_the_limit_on(value: Decimal, limit: Decimal) -> None:
    assert needs_question((INFO,), value_usd=value, limit_usd=limit) is (value >= limit)
    assert needs_question((WARN,), value_usd=value, limit_usd=limit)


# ------------------------------------------------------------------------------------ the question
@given(DIGESTS, st.text(max_size=20))
def test_question__same_plan_and_person__same_question(digest: str, person: str) -> None:
    legs = (LEG, replace(LEG, sell="DAI"))
    assert question(legs, plan_digest=digest, person=person) == question(
        legs, plan_digest=digest, person=person
    )


def test_question__many_people__every_form_is_drawn() -> None:
    legs = (LEG, replace(LEG, sell="DAI"))
    drawn = {question(legs, plan_digest="a" * 64, person=f"user_{n}").key for n in range(60)}
    assert drawn == {
        f"{form}:{leg}"
        for form in ("amount_leaving", "least_received", "recipient")
        for leg in (0, 1)
    }


@given(DIGESTS, st.text(max_size=20))
def test_question__choice__one_right_among_twins_that_differ(digest: str, person: str) -> None:
    asked = question((LEG,), plan_digest=digest, person=person)
    if asked.kind is not QuestionKind.CHOICE:
        return
    assert len(set(asked.choices)) == 4
    assert [is_right(asked, choice) for choice in asked.choices].count(True) == 1
    assert {(c[:8], c[-6:]) for c in asked.choices} == {(SAFE[:8].lower(), SAFE[-6:].lower())}
    assert is_right(asked, SAFE)


@given(
    st.integers(1, 10**30), st.integers(0, 24), st.sampled_from(["", ",", " ", "'", "_", "\u202f"])
)
def test_answer__exact_amount_with_separators__right(units: int, decimals: int, mark: str) -> None:
    leg = replace(LEG, sell_units=units, sell_decimals=decimals)
    asked = amount(leg)
    written = f"{Decimal(asked.expected):,f}".replace(",", mark)
    assert is_right(asked, written)
    assert is_right(asked, f" {written} weth ")


@given(st.integers(1, 10**30), st.integers(0, 24), st.integers(1, 10**6))
def test_answer__another_amount__wrong(units: int, decimals: int, off: int) -> None:
    """Off by at least one of the asked decimals, either way."""
    asked = amount(replace(LEG, sell_units=units, sell_decimals=decimals))
    with localcontext(prec=100):
        right, step = Decimal(asked.expected), Decimal(off + 1).scaleb(-asked.places)
        more, less = right + step, right - step
    assert not is_right(asked, f"{more:f}")
    assert not is_right(asked, f"{less:f}")


def test_answer__rounded_to_what_was_asked__right() -> None:
    asked = amount(LEG)
    assert asked.places == 2
    for given_ in (
        "12.40",
        "12.4",
        "12.402938475610293847",
        "12.4029",
        "12.403",
        "12,40 WETH"[:2] + ".40 WETH",
    ):
        assert is_right(asked, given_), given_
    for given_ in ("12.41", "12", "12.401", "12.404", "1240", "", "x", "1e1", "-12.4", "nan", "٣"):
        assert not is_right(asked, given_), given_


def test_answer__tiny_amount__asks_for_more_decimals() -> None:
    asked = amount(replace(LEG, sell_units=10**12))
    assert asked.places == 8
    assert not is_right(asked, "0")
    assert is_right(asked, "0.000001")


def amount(leg: AskedLeg) -> Question:
    """The question about the amount that leaves."""
    for number in range(200):
        asked = question((leg,), plan_digest="a" * 64, person=f"user_{number}")
        if asked.key == "amount_leaving:0":
            return asked
    raise AssertionError("never drawn")
