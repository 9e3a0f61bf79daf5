"""When a person first opened a proposal, and which sections: for aggregates of the review, never a
ranking of people. Not audited: looking is no act."""

from __future__ import annotations

from django.db import transaction

from governance.models import Proposal, Reading, User
from governance.selectors.proposals import plan_of

SECTIONS = frozenset(
    {
        "verify",
        "checks",
        "why",
        "rules",
        "alternatives",
        "ways",
        "costs",
        "calls",
        "raw",
        "history",
        "package",
        "nested",
    }
)


def opened(*, proposal: Proposal, user: User, section: str = "") -> None:
    """The first look is kept; sections are added. An unknown section is ignored: pages of an older
    version may still be open."""
    digest = plan_of(proposal).digest
    with transaction.atomic():
        row, _ = Reading.objects.select_for_update().get_or_create(
            proposal=proposal, user=user, plan_digest=digest
        )
        if section in SECTIONS and section not in row.sections:
            row.sections = [*row.sections, section]
            row.save(update_fields=["sections"])
