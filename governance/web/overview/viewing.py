"""What these pages have in common: who looks, and how old what they see is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from governance.selectors.overview.listing import Viewer
from governance.services.signers import OwnersUnknownError
from governance.web.base import Page
from treasury.core import access
from treasury.selectors.standing.shapes import Standing

BEATS_UNTIL_STALE = 4
"""A snapshot comes with every beat; after so many without one the page says that it is old."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class OverviewPage(Page):
    """`signers_unknown` is set when the chain did not say for which Safes the viewer signs."""

    signers_unknown = False

    def viewer(self) -> Viewer:
        return Viewer(
            user_id=self.user.pk,
            treasury_ids=self.treasury_ids,
            wallets=self.rights.wallets,
            safes=self._safes(),
            approve_in=self._where(access.PROPOSAL_APPROVE),
            execute_in=self._where(access.PROPOSAL_EXECUTE),
            reset_in=self._where(access.BREAKER_RESET),
            policy_in=self._where(access.POLICY_APPROVE),
        )

    def may(self, action: str, treasury_id: int) -> bool:
        """For showing a button; the handler behind it asks again."""
        return treasury_id in self._where(action)

    def _where(self, action: str) -> frozenset[int]:
        try:
            return self.allowed(action)
        except OwnersUnknownError:
            self.signers_unknown = True
            return frozenset()

    def _safes(self) -> frozenset[str]:
        try:
            return frozenset(self.rights.signs_for)
        except OwnersUnknownError:
            self.signers_unknown = True
            return frozenset()


def beat_seconds() -> int:
    return int(settings.CELERY_BEAT_SCHEDULE["governance.tasks.generate_proposals"]["schedule"])


def age_seconds(standing: Standing) -> int | None:
    """Since the latest snapshot was taken, by our own clock; None before the first."""
    if standing.snapshot is None:
        return None
    return int((timezone.now() - standing.snapshot.created_at).total_seconds())


def is_stale(standing: Standing) -> bool:
    age = age_seconds(standing)
    return age is not None and age > BEATS_UNTIL_STALE * beat_seconds()


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download that a spreadsheet opens as text: what could be a formula gets an apostrophe
    before it. Negative numbers stay numbers."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.startswith(FORMULA):
        return f"'{text}"
    return text
