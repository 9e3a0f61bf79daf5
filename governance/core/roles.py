"""Who may do what: the role x action matrix of people, as one table (G2).

Tokens are not in it: a token may do exactly what its scopes name, and no scope names an action of
people.
"""

from __future__ import annotations

from enum import StrEnum

from treasury.core import access


class Role(StrEnum):
    FINANCE = "FINANCE"
    OPERATOR = "OPERATOR"
    SIGNER = "SIGNER"
    AUDITOR = "AUDITOR"
    ADMIN = "ADMIN"


READS = frozenset(
    {
        access.TREASURY_READ,
        access.POLICY_READ,
        access.LEDGER_READ,
        access.PROPOSAL_READ,
        access.EVENTS_READ,
    }
)
AUDIT = frozenset({access.AUDIT_READ, access.EXPORT_READ})
BRAKES = frozenset(
    {
        access.PROPOSAL_VETO,
        access.PROPOSAL_DECLINE,
        access.BREAKER_TRIP,
        access.TIER_DEGRADE,
    }
)

ACTS = frozenset(
    {
        access.PROPOSAL_WRITE,
        access.PROPOSAL_EDIT,
        access.PROPOSAL_IMPORT,
        access.PROPOSAL_COMMENT,
        access.ABSENCE_WRITE,
        access.CHANNEL_WRITE,
    }
)
"""What everybody with an acting role may do; none of it moves money by itself."""

MATRIX: dict[Role, frozenset[str]] = {
    Role.FINANCE: READS
    | AUDIT
    | BRAKES
    | ACTS
    | {access.POLICY_APPROVE, access.BREAKER_RESET, access.NOTICE_WRITE, access.ADDRESS_WRITE},
    Role.OPERATOR: READS
    | BRAKES
    | ACTS
    | {access.PROPOSAL_APPROVE, access.PROPOSAL_EXECUTE, access.NOTICE_WRITE},
    Role.SIGNER: READS
    | BRAKES
    | ACTS
    | {
        access.PROPOSAL_CONFIRM,
        access.PROPOSAL_EXECUTE,
        access.POLICY_APPROVE,
        access.BREAKER_RESET,
        access.ADDRESS_WRITE,
    },
    Role.AUDITOR: READS | AUDIT | {access.CHANNEL_WRITE},
    Role.ADMIN: READS | {access.IDENTITY_WRITE, access.CHANNEL_WRITE},
}


def may(roles: frozenset[Role], action: str) -> bool:
    """Whether any of the roles allows the action. Unknown actions are refused."""
    return any(action in MATRIX[role] for role in roles)
