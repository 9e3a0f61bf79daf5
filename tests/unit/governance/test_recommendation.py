"""The sentence, its verdict and its reasons."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from governance.core.recommendation import (
    Case,
    Finding,
    Move,
    Shift,
    Verdict,
    Weight,
    recommend,
)

CASE = Case(
    moves=(Move("sell", "12.4 WETH", "31,870 USDC", "Uniswap v3"),),
    shifts=(
        Shift("USDC", Decimal(3_400), Decimal(4_020), Decimal(3_500), Decimal(4_500)),
        Shift("WETH", Decimal(4_620), Decimal(4_000), Decimal(3_500), Decimal(4_500)),
    ),
    cost_bps=Decimal(14),
    cost_cap_bps=50,
    seconds_left=11_520,
    findings=(),
)
FINDINGS = st.lists(
    st.builds(Finding, st.sampled_from(Weight), st.text(min_size=1, max_size=9)), max_size=9
)


def test_recommend__nothing_found__approve_in_one_sentence() -> None:
    said = recommend(CASE, on_silence="It expires.")
    assert said.verdict is Verdict.APPROVE
    assert said.action == (
        "Sell 12.4 WETH for at least 31,870 USDC on Uniswap v3."
        " Brings USDC from 34.00 % to 40.20 % (band 35-45 %)."
        " Cost 0.14 % (cap 0.50 %). Valid 3 h 12 min."
    )
    assert said.reasons == ()
    assert said.inaction == (
        "If nothing is done: USDC stays at 34.00 % (band 35-45 %),"
        " WETH stays at 46.20 % (band 35-45 %). It expires."
    )


def test_recommend__deadline_over__says_so() -> None:
    assert recommend(replace(CASE, seconds_left=0), on_silence="").action.endswith(
        "Its deadline has passed."
    )


def test_recommend__many_legs__counts_the_rest() -> None:
    said = recommend(replace(CASE, moves=CASE.moves * 4), on_silence="")
    assert "; and 2 more." in said.action


@given(FINDINGS)
def test_verdict__any_findings__the_heaviest_decides(findings: list[Finding]) -> None:
    said = recommend(replace(CASE, findings=tuple(findings)), on_silence="")
    weights = {finding.weight for finding in findings}
    expected = Verdict.APPROVE
    if Weight.WARNING in weights:
        expected = Verdict.LOOK_CLOSER
    if Weight.FORBIDS in weights:
        expected = Verdict.DO_NOT_SIGN
    assert said.verdict is expected
    assert len(said.reasons) == min(3, sum(f.weight is not Weight.FINE for f in findings))
    if Weight.FORBIDS in weights:
        assert said.reasons[0] in {f.text for f in findings if f.weight is Weight.FORBIDS}
