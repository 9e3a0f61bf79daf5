"""Rows of governance, one file per aggregate."""

from governance.models.approvals import Approval, ApprovalKind
from governance.models.halts import Halt, HaltLevel, HaltScope
from governance.models.identity import ApiToken, RoleGrant, TierOwner, User, Wallet
from governance.models.policy_changes import PolicyApproval
from governance.models.proposals import Proposal, Route

__all__ = [
    "ApiToken",
    "Approval",
    "ApprovalKind",
    "Halt",
    "HaltLevel",
    "HaltScope",
    "PolicyApproval",
    "Proposal",
    "RoleGrant",
    "Route",
    "TierOwner",
    "User",
    "Wallet",
]
