"""Address book & allow-lists: what automation may touch, where we trade, and names for
addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from execution.services.limits import AllowancesUnknownError, read_allowances
from governance.selectors.registers.addresses import (
    label_by_public_id,
    label_lines,
    market_lines,
)
from governance.selectors.registers.naming import names
from governance.selectors.registers.signers import safe_rows
from governance.services.registers.address_book import (
    AddressDraft,
    AddressRefusedError,
    agree,
    ask_for_label,
    withdraw,
)
from governance.web.base import Page, rpc_url
from governance.web.registers.live import block_for, chosen, head_or_none, places
from treasury.core import access
from treasury.core.types import Address
from treasury.selectors.portfolio import assets, tiers
from treasury.selectors.watch import tier_watch


class Addresses(Page):
    required_action = access.TREASURY_READ
    method_actions = {"POST": access.ADDRESS_WRITE}  # noqa: RUF012  read by the base class
    template_name = "governance/registers/addresses.html"
    title = "Address book & allow-lists"

    def context(self) -> dict[str, Any]:
        treasury, wall = chosen(self), timezone.now()
        safes = safe_rows(treasury.pk)
        tokens = list(assets(treasury.pk))
        known = names(treasury=treasury, safes=safes, tokens=tokens, asked=(), now=wall)
        return {
            "treasury": treasury,
            "names": known,
            "limits": self._limits(treasury.pk, {row.address: row for row in tokens}),
            "markets": market_lines(treasury.pk),
            "labels": label_lines(treasury_id=treasury.pk, known=known.known, now=wall),
            "may_write": treasury.pk in places(self, access.ADDRESS_WRITE),
            "own_id": self.user.pk,
            "given": {},
        }

    def _limits(self, treasury_id: int, tokens: dict[str, Any]) -> dict[str, Any]:
        """Per tier with a role: each limit of the policy in force beside the chain."""
        head = head_or_none()
        if head is None:
            return {"problem": "No node answers now.", "lines": ()}
        watched = tier_watch(treasury_id=treasury_id, now=head.timestamp)
        rows = list(tiers(treasury_id))
        wanted = [
            (Address(row.safe.modifier_address), limit)
            for row, watch in zip(rows, watched, strict=True)
            if watch.policy and row.role_key and row.safe.modifier_address
            for limit in watch.policy.unit_limits
        ]
        try:
            found = read_allowances(wanted=wanted, block=head, rpc_url=rpc_url())
        except AllowancesUnknownError:
            return {"problem": "The roles cannot be read now.", "lines": ()}
        by_modifier = {row.safe.modifier_address: row for row in rows if row.role_key}
        lines = [
            (by_modifier[state.modifier], state, tokens.get(state.limit.asset)) for state in found
        ]
        return {"head": head, "lines": lines}

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        given, context = request.POST, self.context()
        draft = AddressDraft(
            address=given.get("address", ""),
            label=given.get("label", ""),
            purpose=given.get("purpose", ""),
            expires_at=_end_of(given.get("expires_at", "")),
            is_compared=given.get("is_compared") == "yes",
        )
        known = {*context["names"].known, *(line.row.address for line in context["labels"])}
        try:
            ask_for_label(
                treasury_id=context["treasury"].pk,
                draft=draft,
                known=known,
                author=self.user,
                now=timezone.now(),
                actor=self.actor,
                block=block_for(context["treasury"].pk),
            )
        except AddressRefusedError as error:
            more = {"given": given, "problems": error.problems}
            return self.shown(self.template_name, context | more, error.problem_status)
        messages.info(request, "Asked for. A second person has to agree before it is shown.")
        return HttpResponseRedirect(reverse("addresses") + "#labels")


class Label(Page):
    """Agree to a label, or take it away."""

    required_action = access.ADDRESS_WRITE
    template_name = "governance/registers/label.html"
    title = "Label"

    def context(self) -> dict[str, Any]:
        found = label_by_public_id(
            treasury_ids=self.treasury_ids, public_id=self.kwargs["public_id"]
        )
        if found is None:
            raise Http404
        return {"entry": found, "is_own": found.author_id == self.user.pk}

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        context = self.context()
        entry, now = context["entry"], timezone.now()
        block = block_for(entry.treasury_id)
        try:
            if request.POST.get("act") == "agree":
                agree(entry_id=entry.pk, user=self.user, now=now, actor=self.actor, block=block)
                messages.success(request, f"{entry.label} is in the book.")
            else:
                withdraw(entry_id=entry.pk, now=now, actor=self.actor, block=block)
                messages.success(request, f"{entry.label} is taken out of the book.")
        except AddressRefusedError as error:
            more = {"problems": error.problems}
            return self.shown(self.template_name, context | more, error.problem_status)
        return HttpResponseRedirect(reverse("addresses") + "#labels")


def _end_of(text: str) -> datetime | None:
    """The first moment after that day, UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
