"""Separation of duties, and when a person may still stop a proposal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.approvals import (
    APPROVABLE,
    STOPPABLE,
    ApprovalCase,
    ApprovalRefusedError,
    check_approval,
    check_confirmer,
    check_reason,
    check_stop,
    is_out_of_reach,
)
from governance.core.lifecycle import MOVES, ProposalState
from governance.core.routing import RouteKind

DIGEST = "a" * 64
CASE = ApprovalCase(
    state=ProposalState.COLLECTING,
    route=RouteKind.OPERATOR,
    plan_digest=DIGEST,
    seen_digest=DIGEST,
    author="",
    person="user_1",
)
OWNERS = st.frozensets(st.sampled_from("abcdef"))


def refusal(case: ApprovalCase) -> str:
    with pytest.raises(ApprovalRefusedError) as caught:
        check_approval(case)
    return caught.value.code


def test_one_operator_approves_what_the_machine_made() -> None:
    check_approval(CASE)


def test_who_triggered_it_does_not_approve_it() -> None:
    assert refusal(replace(CASE, author="user_1")) == "separation_of_duties"
    check_approval(replace(CASE, author="user_2"))


def test_another_plan_than_the_one_looked_at_is_refused() -> None:
    assert refusal(replace(CASE, seen_digest="b" * 64)) == "plan_changed"


def test_the_chain_wants_a_signature_where_the_operator_safe_is_the_member() -> None:
    assert refusal(replace(CASE, needs_signature=True)) == "signature_required"


@given(st.sampled_from(ProposalState), st.sampled_from(RouteKind))
def test_only_operator_proposals_that_wait_are_approved(
    state: ProposalState, route: RouteKind
) -> None:
    case = replace(CASE, state=state, route=route)
    if route is RouteKind.OPERATOR and state in APPROVABLE:
        check_approval(case)
    else:
        assert refusal(case) in {"not_for_approval", "wrong_state"}


@given(st.sampled_from(ProposalState))
def test_a_veto_ends_exactly_what_the_state_table_lets_it_end(state: ProposalState) -> None:
    assert (state in STOPPABLE) == (ProposalState.VETOED in MOVES[state])
    if state in STOPPABLE:
        check_stop(state)
    else:
        with pytest.raises(ApprovalRefusedError, match="no effect"):
            check_stop(state)


def test_the_author_confirms_as_one_of_several_but_not_alone() -> None:
    wallets = frozenset({"0x1"})
    check_confirmer(author_wallets=wallets, owner="0x1", route=RouteKind.MULTISIG)
    check_confirmer(author_wallets=wallets, owner="0x2", route=RouteKind.OPERATOR)
    with pytest.raises(ApprovalRefusedError, match="another operator"):
        check_confirmer(author_wallets=wallets, owner="0x1", route=RouteKind.OPERATOR)


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_stopping_needs_a_reason(reason: str) -> None:
    with pytest.raises(ApprovalRefusedError, match="say why"):
        check_reason(reason)


@given(OWNERS, OWNERS, st.integers(min_value=1, max_value=6))
def test_out_of_reach_means_the_rest_cannot_make_it(
    owners: frozenset[str], declined: frozenset[str], threshold: int
) -> None:
    left = [owner for owner in owners if owner not in declined]
    lost = is_out_of_reach(owners=owners, declined=declined, threshold=threshold)
    assert lost == (len(left) < threshold)
