"""Names of actions that a page, an endpoint or a command may require.

Every view declares one as `required_action`; who may do what is governance's word
(`governance.core.roles`). A token's scope is the same name with a colon for the dot. Actions marked
"people" never become a scope.
"""

from __future__ import annotations

TREASURY_READ = "treasury.read"
POLICY_READ = "policy.read"
LEDGER_READ = "ledger.read"
EXPORT_READ = "export.read"
PROPOSAL_READ = "proposal.read"
PROPOSAL_WRITE = "proposal.write"
AUDIT_READ = "audit.read"
EVENTS_READ = "events.read"
BREAKER_TRIP = "breaker.trip"

# People only.
PROPOSAL_APPROVE = "proposal.approve"
PROPOSAL_CONFIRM = "proposal.confirm"
PROPOSAL_VETO = "proposal.veto"
PROPOSAL_DECLINE = "proposal.decline"
PROPOSAL_EXECUTE = "proposal.execute"
BREAKER_RESET = "breaker.reset"
POLICY_APPROVE = "policy.approve"
TIER_DEGRADE = "tier.degrade"
PROPOSAL_COMMENT = "proposal.comment"
PROPOSAL_EDIT = "proposal.edit"
PROPOSAL_IMPORT = "proposal.import"
NOTICE_WRITE = "notice.write"
ADDRESS_WRITE = "address.write"
ABSENCE_WRITE = "absence.write"
CHANNEL_WRITE = "channel.write"
IDENTITY_WRITE = "identity.write"

OWN_ACCOUNT = "account.own"
"""Whoever is signed in, for what is theirs alone: wallets, second factor, sessions."""

PUBLIC = "public"
"""Liveness probes and the API description: no identity asked for."""

SCOPES = frozenset(
    {
        TREASURY_READ,
        POLICY_READ,
        LEDGER_READ,
        EXPORT_READ,
        PROPOSAL_READ,
        PROPOSAL_WRITE,
        AUDIT_READ,
        EVENTS_READ,
        BREAKER_TRIP,
    }
)
PEOPLE_ONLY = frozenset(
    {
        PROPOSAL_APPROVE,
        PROPOSAL_CONFIRM,
        PROPOSAL_VETO,
        PROPOSAL_DECLINE,
        PROPOSAL_EXECUTE,
        BREAKER_RESET,
        POLICY_APPROVE,
        TIER_DEGRADE,
        PROPOSAL_COMMENT,
        PROPOSAL_EDIT,
        PROPOSAL_IMPORT,
        NOTICE_WRITE,
        ADDRESS_WRITE,
        ABSENCE_WRITE,
        CHANNEL_WRITE,
        IDENTITY_WRITE,
    }
)
ACTIONS = SCOPES | PEOPLE_ONLY | {OWN_ACCOUNT, PUBLIC}
