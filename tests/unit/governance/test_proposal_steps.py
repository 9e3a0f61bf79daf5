"""Where a proposal is, for every state that the tables know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.lifecycle import TransactionState as S
from governance.core.following.proposing import proposal_steps
from governance.core.lifecycle import ProposalOutcome
from governance.core.lifecycle import ProposalState as P


def marks(state: P, outcome: str = "", transaction: S | None = None) -> str:
    found = proposal_steps(state, outcome=outcome, transaction=transaction)
    return "".join(step.mark.value[0] for step in found)


@pytest.mark.parametrize(
    ("state", "outcome", "transaction", "expected"),
    [
        (P.PROPOSED, "", None, "DNCCCCC"),
        (P.COLLECTING, "", None, "DNCCCCC"),
        (P.READY, "", None, "DDDNCCC"),
        (P.HANDED_OVER, "", S.SIGNED_RAW, "DDDNCCC"),
        (P.HANDED_OVER, "", S.BROADCAST, "DDDDNCC"),
        (P.HANDED_OVER, "", S.MINED, "DDDDDNC"),
        (P.HANDED_OVER, "", S.FINAL, "DDDDDDN"),
        (P.HANDED_OVER, "", S.RECONCILED, "DDDDDDD"),
        (P.DONE, "EXECUTED", S.RECONCILED, "DDDDDDD"),
        (P.DONE, "FAILED", S.FAILED_ONCHAIN, "DDDDDDF"),
        (P.DONE, "CANCELLED", S.CANCELLED, "DDDFCCC"),
        (P.DONE, "RECORDED", None, "DD"),
        (P.VETOED, "", None, "DFCCCCC"),
        (P.EXPIRED, "", None, "DFCCCCC"),
        (P.FROZEN, "", S.BROADCAST, "DDDDFCC"),
    ],
)
def test_steps__state__where_it_is(
    state: P, outcome: str, transaction: S | None, expected: str
) -> None:
    assert marks(state, outcome, transaction) == expected


@given(
    st.sampled_from(P),
    st.sampled_from(["", *ProposalOutcome]),
    st.none() | st.sampled_from(S),
    st.none() | st.sampled_from(P),
)
def test_steps__anything__done_then_one_then_coming(
    state: P, outcome: str, transaction: S | None, frozen_from: P | None
) -> None:
    found = proposal_steps(state, outcome=outcome, transaction=transaction, frozen_from=frozen_from)
    text = "".join(step.mark.value[0] for step in found)
    assert text == text[: text.count("D")].ljust(text.count("D"), "D") + text[text.count("D") :]
    assert text.count("N") + text.count("F") <= 1
