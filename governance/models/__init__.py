"""Rows of governance, one file per aggregate."""

from governance.models.addresses import AddressEntry
from governance.models.anchors import AuditAnchor
from governance.models.approvals import (
    Acknowledgement,
    Answer,
    Approval,
    ApprovalKind,
    Comment,
    Reading,
)
from governance.models.availability import Absence, Reminder, ReminderKind
from governance.models.halts import BreakerState, Halt, HaltLevel, HaltScope, Standing
from governance.models.identity import (
    ApiToken,
    RoleGrant,
    RoleRequest,
    SignInRequest,
    TierOwner,
    User,
    Wallet,
)
from governance.models.notices import Notice, NoticeKind
from governance.models.notifications import (
    Channel,
    DeliveryTry,
    Notification,
    NotificationState,
)
from governance.models.policy_changes import PolicyApproval
from governance.models.proposals import ImportedProposal, Proposal, Route
from governance.models.publication import Publication
from governance.models.requests import IdempotentRequest

__all__ = [
    "Absence",
    "Acknowledgement",
    "AddressEntry",
    "Answer",
    "ApiToken",
    "Approval",
    "ApprovalKind",
    "AuditAnchor",
    "BreakerState",
    "Channel",
    "Comment",
    "DeliveryTry",
    "Halt",
    "HaltLevel",
    "HaltScope",
    "IdempotentRequest",
    "ImportedProposal",
    "Notice",
    "NoticeKind",
    "Notification",
    "NotificationState",
    "PolicyApproval",
    "Proposal",
    "Publication",
    "Reading",
    "Reminder",
    "ReminderKind",
    "RoleGrant",
    "RoleRequest",
    "Route",
    "SignInRequest",
    "Standing",
    "TierOwner",
    "User",
    "Wallet",
]
