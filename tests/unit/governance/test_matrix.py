"""The matrix gives no right of people to a machine, and no money right to an administrator."""

from __future__ import annotations

from governance.core.roles import MATRIX, Role, may
from treasury.core import access


def test_every_action_of_people_belongs_to_somebody() -> None:
    given = frozenset().union(*MATRIX.values())
    assert given >= access.PEOPLE_ONLY
    assert given <= access.ACTIONS


OWN = {access.CHANNEL_WRITE}
"""How somebody is told is everybody's own business."""


def test_an_administrator_has_no_money_right() -> None:
    changing = (access.PEOPLE_ONLY | {access.PROPOSAL_WRITE}) - OWN
    assert MATRIX[Role.ADMIN] & changing == {access.IDENTITY_WRITE}


def test_an_auditor_changes_nothing() -> None:
    changing = access.PEOPLE_ONLY - OWN | {access.PROPOSAL_WRITE, access.BREAKER_TRIP}
    assert not MATRIX[Role.AUDITOR] & changing


def test_only_an_operator_approves_and_only_a_signer_confirms() -> None:
    assert [role for role in Role if access.PROPOSAL_APPROVE in MATRIX[role]] == [Role.OPERATOR]
    assert [role for role in Role if access.PROPOSAL_CONFIRM in MATRIX[role]] == [Role.SIGNER]


def test_no_role_nothing() -> None:
    assert not any(may(frozenset(), action) for action in access.ACTIONS)
    assert not may(frozenset(Role), "no.such.action")
