"""Signers & Safes: who can sign, how each Safe is set up now, who is away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from execution.services.signatures.configurations import RosterUnknownError, read_configurations
from governance.selectors.people import user_by_name
from governance.selectors.registers.naming import names
from governance.selectors.registers.signers import (
    absence_of,
    absences,
    quorum,
    safe_lines,
    safe_rows,
)
from governance.services.registers.absences import AbsenceError, end_absence, set_absence
from governance.services.signers import OwnersUnknownError
from governance.web.base import Page, rpc_url
from governance.web.registers.live import chosen, head_or_none, places
from treasury.core import access
from treasury.core.types import Address
from treasury.selectors.portfolio import assets


class Signers(Page):
    required_action = access.TREASURY_READ
    method_actions = {"POST": access.ABSENCE_WRITE}  # noqa: RUF012  read by the base class
    template_name = "governance/registers/signers.html"
    title = "Signers & Safes"

    def context(self) -> dict[str, Any]:
        treasury, wall, head = chosen(self), timezone.now(), head_or_none()
        rows = safe_rows(treasury.pk)
        try:
            found = read_configurations(
                safes=[Address(row.address) for row in rows], block=head, rpc_url=rpc_url()
            )
        except RosterUnknownError:
            found = ()
        signers = {owner for one in found for owner in one.owners}
        signers |= {
            member for one in found for inner in one.owner_safes for member in inner.members
        }
        known = names(
            treasury=treasury, safes=rows, tokens=assets(treasury.pk), asked=signers, now=wall
        )
        away = absences(treasury_id=treasury.pk, wallets=signers, now=wall)
        lines = safe_lines(rows=rows, found=found, names=known, away=away, now=wall)
        return {
            "treasury": treasury,
            "head": head,
            "is_known": bool(found),
            "safes": lines,
            "quorum": quorum(lines),
            "may_be_absent": treasury.pk in places(self, access.ABSENCE_WRITE),
            "own_id": self.user.pk,
            "given": {},
            "names": known,
            "absences": away,
            "now": wall,
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """One's own absence: set it, or come back early."""
        given = request.POST
        if given.get("act") == "end":
            row = absence_of(user_id=self.user.pk, public_id=given.get("absence", ""))
            if row is None:
                raise Http404
            end_absence(absence_id=row.pk, now=timezone.now(), actor=self.actor)
            messages.success(request, "Welcome back.")
            return HttpResponseRedirect(reverse("signers") + "#absences")
        try:
            self._leave(
                given.get("starts_at", ""), given.get("ends_at", ""), given.get("deputy", "")
            )
        except (AbsenceError, OwnersUnknownError) as error:
            more = {"problem": str(error), "given": given}
            return self.shown(self.template_name, self.context() | more, error.problem_status)
        messages.success(request, "Noted. Whoever is told instead acts by their own right only.")
        return HttpResponseRedirect(reverse("signers") + "#absences")

    def _leave(self, starts: str, ends: str, deputy: str) -> None:
        name = deputy.strip()
        person = user_by_name(name) if name else None
        if name and person is None:
            raise AbsenceError("deputy_unknown", f"nobody here is called {name}")
        set_absence(
            user=self.user,
            deputy=person,
            starts_at=_time(starts),
            ends_at=_time(ends),
            now=timezone.now(),
            rpc_url=rpc_url(),
            actor=self.actor,
        )


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise AbsenceError(
            "time_unreadable", "write day and time in UTC, as 2026-01-31T14:00"
        ) from None
