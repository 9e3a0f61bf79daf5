"""Monitoring: feeds, providers, gas, queues, halts; and the brake that everybody who acts may
pull."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from governance.adapters.providers import Provider, provider, queues
from governance.core.following.halt_words import BY_HAND, level_words
from governance.core.routing import Level
from governance.selectors.registers import monitoring
from governance.services import halts
from governance.web.base import Page
from governance.web.registers.live import LivePage, block_for, chosen, places
from treasury.core import access
from treasury.core.types import Address

QUEUES = (settings.CELERY_TASK_DEFAULT_QUEUE, settings.EXECUTION_QUEUE)
PAUSES = (Level.MONITOR, Level.FROZEN)
REASON_MAX = 300


class Monitoring(LivePage):
    required_action = access.TREASURY_READ
    method_actions = {"POST": access.BREAKER_TRIP}  # noqa: RUF012  read by the base class
    template_name = "governance/registers/monitoring.html"
    live_template = "governance/registers/monitoring_live.html"
    title = "Monitoring"

    def live_context(self) -> dict[str, Any]:
        row, wall = chosen(self), timezone.now()
        providers = [provider(url, [Address(row.executor_address)]) for url in settings.RPC_URLS]
        answering = next((found for found in providers if not found.problem), None)
        now = answering.head.timestamp if answering and answering.head else None
        return {
            "treasury": row,
            "halts": monitoring.open_halts(treasury_ids=[row.pk]),
            "breakers": monitoring.breaker_board(treasury_ids=[row.pk]),
            "health": monitoring.treasury_health(
                row=row,
                now=now,
                base_fee_wei=answering.base_fee_wei if answering else None,
                balance_wei=answering.balances[0] if answering else None,
            ),
            "providers": [(found, _lag(found, wall.timestamp())) for found in providers],
            "chain_id": settings.CHAIN_ID,
            "answering": answering,
            "work": monitoring.work_lines(treasury_ids=[row.pk], now=now, wall=wall),
            "queues": queues(settings.CELERY_BROKER_URL, QUEUES),
        }

    def around(self) -> dict[str, Any]:
        return {
            "may_pause": bool(places(self, access.BREAKER_TRIP)),
            "pauses": [(level.value, level_words(level)) for level in PAUSES],
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """Pause: trips the treasury's own halt by hand. Works without a node: a brake must."""
        row = chosen(self)
        level, reason = request.POST.get("level", ""), request.POST.get("reason", "").strip()
        problems = {}
        if level not in PAUSES:
            problems["level"] = "Choose how far to stop."
        if not reason:
            problems["reason"] = "Say why: whoever ends the pause reads it."
        elif len(reason) > REASON_MAX:
            problems["reason"] = f"At most {REASON_MAX} characters; these are {len(reason)}."
        if problems:
            return self._asked_again(request, problems)
        halt = halts.trip(
            treasury_id=row.pk,
            tier_id=None,
            found=halts.Trip(
                breaker=BY_HAND,
                level=Level(level),
                value="by hand",
                limit="-",
                reason=reason,
            ),
            actor=self.actor,
            block=block_for(row.pk),
        )
        messages.warning(request, f"{row.name} is paused: {level_words(halt.level)}.")
        return HttpResponseRedirect(reverse("halt", args=[halt.public_id]))

    def _asked_again(self, request: HttpRequest, problems: dict[str, str]) -> HttpResponse:
        context = {"problems": problems, "given": request.POST, **self.around()}
        return self.shown("governance/registers/pause.html", context, status=422)


class HaltPage(Page):
    required_action = access.TREASURY_READ
    method_actions = {"POST": access.BREAKER_RESET}  # noqa: RUF012  read by the base class
    step_up_methods = frozenset({"POST"})
    template_name = "governance/registers/halt.html"
    title = "Halt"

    def context(self) -> dict[str, Any]:
        rows = monitoring.halt_rows(treasury_ids=self.treasury_ids)
        row = rows.filter(public_id=self.kwargs["public_id"]).first()
        if row is None:
            raise Http404
        may_close = row.scope.treasury_id in places(self, access.BREAKER_RESET)
        state = monitoring.state_of(row)
        now = block_for(row.scope.treasury_id).timestamp
        return {
            "halt": monitoring.halt_line(row),
            "state": state,
            "not_yet": "" if row.closed_at else halts.reset_problem(row, state, now=now),
            "may_close": may_close and row.first_closer_id != self.user.pk,
            "is_first": may_close and row.first_closer_id == self.user.pk,
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        context = self.context()
        row = context["halt"].row
        try:
            closed = halts.close(
                halt_id=row.pk,
                user=self.user,
                reason=request.POST.get("reason", "")[: REASON_MAX + 1],
                actor=self.actor,
                block=block_for(row.scope.treasury_id),
            )
        except halts.HaltError as error:
            context = self.context() | {"problem": str(error), "given": request.POST}
            return self.shown(self.template_name, context, status=error.problem_status)
        if closed.closed_at is None:
            messages.info(request, "You asked to close it. A second person has to agree.")
        else:
            messages.success(request, "Closed by two people.")
        return HttpResponseRedirect(request.path)


class Halts(Page):
    required_action = access.TREASURY_READ
    template_name = "governance/registers/halts.html"
    title = "Halts"

    def context(self) -> dict[str, Any]:
        return {
            "open": monitoring.open_halts(treasury_ids=self.treasury_ids),
            "closed": monitoring.closed_halts(treasury_ids=self.treasury_ids),
        }


def _lag(found: Provider, wall: float) -> int | None:
    """Seconds of wall time since the head's own timestamp; below zero on a chain that is ahead."""
    return None if found.head is None else int(wall) - found.head.timestamp
