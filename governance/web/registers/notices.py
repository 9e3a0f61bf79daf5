"""Notices: upgrades and known issues, with source and window, shown on every affected proposal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.models import NoticeKind
from governance.selectors.registers.notices import notices
from governance.services.registers.notices import (
    NoticeDraft,
    NoticeRefusedError,
    withdraw_notice,
    write_notice,
)
from governance.web.base import Page
from governance.web.registers.live import block_for, chosen, places
from treasury.core import access
from treasury.selectors.portfolio import assets

KINDS = {
    NoticeKind.UPGRADE: "Scheduled upgrade of a network or protocol",
    NoticeKind.KNOWN_ISSUE: "Known issue",
}
PAST_SHOWN = 50


class Notices(Page):
    required_action = access.TREASURY_READ
    method_actions = {"POST": access.NOTICE_WRITE}  # noqa: RUF012  read by the base class
    template_name = "governance/registers/notices.html"
    title = "Notices"

    def context(self) -> dict[str, Any]:
        row = chosen(self)
        block = block_for(row.pk)
        found = list(notices(treasury_ids=[row.pk]))
        live = [n for n in found if n.withdrawn_at is None and n.ends_at >= block.timestamp]
        past = [n for n in found if n not in live]
        return {
            "treasury": row,
            "seen_at": block,
            "current": [n for n in live if n.starts_at <= block.timestamp],
            "upcoming": [n for n in live if n.starts_at > block.timestamp],
            "past": list(reversed(past))[:PAST_SHOWN],
            "may_write": row.pk in places(self, access.NOTICE_WRITE),
            "kinds": [(kind.value, words) for kind, words in KINDS.items()],
            "assets": assets(row.pk),
            "given": {},
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        row, given = chosen(self), request.POST
        draft = NoticeDraft(
            kind=given.get("kind", ""),
            title=given.get("title", ""),
            body=given.get("body", ""),
            source_url=given.get("source_url", ""),
            starts_at=_time(given.get("starts_at", "")),
            ends_at=_time(given.get("ends_at", "")),
            assets=given.getlist("assets"),
        )
        try:
            notice = write_notice(
                treasury_id=row.pk,
                draft=draft,
                author=self.user,
                actor=self.actor,
                block=block_for(row.pk),
            )
        except NoticeRefusedError as error:
            more = {"given": given, "chosen": draft.assets, "problems": error.problems}
            return self.shown(self.template_name, self.context() | more, error.problem_status)
        messages.success(request, "Written. Every affected proposal shows it.")
        return HttpResponseRedirect(reverse("notices") + f"#{notice.public_id}")


class Withdrawal(Page):
    required_action = access.NOTICE_WRITE
    template_name = "governance/registers/withdrawal.html"
    title = "Withdraw a notice"

    def context(self) -> dict[str, Any]:
        rows = notices(treasury_ids=self.treasury_ids)
        found = rows.filter(public_id=self.kwargs["public_id"]).first()
        if found is None:
            raise Http404
        return {"notice": found}

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        context = self.context()
        notice = context["notice"]
        try:
            withdraw_notice(
                notice_id=notice.pk,
                reason=request.POST.get("reason", ""),
                actor=self.actor,
                block=block_for(notice.treasury_id),
            )
        except NoticeRefusedError as error:
            more = {"problems": error.problems}
            return self.shown(self.template_name, context | more, error.problem_status)
        messages.success(request, "Withdrawn. Proposals no longer show it.")
        return HttpResponseRedirect(reverse("notices"))


def _time(text: str) -> int | None:
    """Day and time in UTC as Unix seconds; None for anything else."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
