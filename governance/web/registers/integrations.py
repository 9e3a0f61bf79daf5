"""Integrations: tokens of machines, channels of people and systems, what was delivered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from governance.adapters.notifiers.base import TargetRefusedError
from governance.adapters.notifiers.registry import NOTIFIERS
from governance.core.telling.topics import SUBSCRIBABLE
from governance.models import Channel
from governance.selectors.registers.integrations import (
    channels,
    deliveries,
    token_lines,
)
from governance.services.notifying import channels as service
from governance.services.notifying.channels import ChannelError
from governance.web.base import Page
from governance.web.registers.live import chosen, places
from treasury.core import access

REFUSED = 422
USUAL = "email"
"""Offered first."""


class Integrations(Page):
    required_action = access.CHANNEL_WRITE
    template_name = "governance/registers/integrations.html"
    title = "Integrations"

    def context(self) -> dict[str, Any]:
        governed = places(self, access.IDENTITY_WRITE)
        return {
            "treasury": chosen(self),
            "tokens": token_lines(
                treasury_ids=governed | places(self, access.AUDIT_READ), now=timezone.now()
            ),
            "channels": channels(user_id=self.user.pk, own=self.treasury_ids, of_treasury=governed),
            "may_govern": bool(governed),
            "may_see_tokens": bool(governed or places(self, access.AUDIT_READ)),
            "kinds": sorted(NOTIFIERS, key=lambda kind: (kind != USUAL, kind)),
            "topics": sorted(SUBSCRIBABLE),
            "given": {},
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """A new channel: one's own, or of the treasury by who governs it."""
        given, treasury = request.POST, chosen(self)
        is_ours = given.get("whose") == "treasury"
        if is_ours and treasury.pk not in self.allowed(access.IDENTITY_WRITE):
            raise Http404
        try:
            made = service.create_channel(
                treasury_id=treasury.pk,
                user=None if is_ours else self.user,
                kind=given.get("kind", ""),
                target=given.get("target", ""),
                topics=given.getlist("topics"),
                is_digest=given.get("is_digest") == "yes",
                actor=self.actor,
            )
        except (ChannelError, TargetRefusedError) as error:
            more = {"given": given, "chosen": given.getlist("topics"), "problem": str(error)}
            return self.shown(self.template_name, self.context() | more, REFUSED)
        return shown_once(self, made, "Made.")


class ChannelPage(Page):
    required_action = access.CHANNEL_WRITE
    template_name = "governance/registers/channel.html"
    title = "Channel"

    def found(self) -> Channel:
        rows = channels(
            user_id=self.user.pk,
            own=self.treasury_ids,
            of_treasury=places(self, access.IDENTITY_WRITE),
        )
        channel = rows.filter(public_id=self.kwargs["public_id"]).first()
        if channel is None:
            raise Http404
        return channel

    def context(self) -> dict[str, Any]:
        channel = self.found()
        return {
            "channel": channel,
            "has_secret": NOTIFIERS[channel.kind].has_secret,
            "deliveries": deliveries(channel.pk),
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        channel, act = self.found(), request.POST.get("act", "")
        try:
            if act == "rotate":
                made = service.rotate_secret(channel_id=channel.pk, actor=self.actor)
                return shown_once(self, made, "Rotated. Both secrets sign until you end it.")
            said = self._do(act, channel, request)
        except ChannelError as error:
            more = {"problem": str(error)}
            return self.shown(self.template_name, self.context() | more, error.problem_status)
        messages.success(request, said)
        return HttpResponseRedirect(request.path)

    def _do(self, act: str, channel: Channel, request: HttpRequest) -> str:
        now, actor = timezone.now(), self.actor
        if act == "test":
            service.send_test(channel_id=channel.pk, now=now, actor=actor)
            return "A test message is on its way: it stands first below."
        if act == "finish":
            service.finish_rotation(channel_id=channel.pk, actor=actor)
            return "Only the new secret signs now."
        if act == "disable":
            service.disable_channel(
                channel_id=channel.pk, reason=f"by {self.user}", now=now, actor=actor
            )
            return "Switched off. What was waiting was given up; it can be told again."
        if act == "enable":
            service.enable_channel(channel_id=channel.pk, actor=actor)
            return "Switched on."
        if act == "replay":
            wanted = request.POST.get("message", "")
            row = next((r for r in deliveries(channel.pk) if r.public_id == wanted), None)
            if row is None:
                raise Http404
            service.replay(notification_id=row.pk, now=now, actor=actor)
            return "It is told again, with the same id."
        raise Http404


def shown_once(page: Page, made: service.WithSecret, said: str) -> HttpResponse:
    """The only page that ever shows the secret; a kind without one goes to its channel."""
    path = reverse("channel", args=[made.channel.public_id])
    if not made.secret:
        messages.success(page.request, said)
        return HttpResponseRedirect(path)
    context = {"said": said, "secret": made.secret, "name": str(made.channel), "path": path}
    answer = page.shown("governance/registers/secret.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer
