"""What every page does: who is asking, in which treasuries, what stands around the content.

A page names `required_action` (and `method_actions` for a method that needs another one), its
`template_name` and `title`, and gives `context()`. Live parts are fragments: the browser asks for
one every few seconds and gets 204 while nothing changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.views import View

from governance.adapters.chain import head_block
from governance.models import User
from governance.services.rights import Rights
from governance.services.signers import OwnersUnknownError
from governance.web.navigation import menu
from governance.web.sign_in.step_up import step_up
from treasury.core.types import Actor, ActorKind, BlockRef

POLL_SECONDS = 5
SERVICE_UNAVAILABLE = 503


class Page(View):
    """One page for signed-in people. `self.user` and `self.treasury_ids` (where the action of
    this method is allowed) are set before any handler runs."""

    required_action: ClassVar[str]
    method_actions: ClassVar[Mapping[str, str]] = {}
    template_name: ClassVar[str]
    title: ClassVar[str] = ""
    step_up_methods: ClassVar[frozenset[str]] = frozenset()
    """Methods of delicate steps: the person shows first that it is them, and loses nothing."""

    user: User
    rights: Rights
    treasury_ids: frozenset[int]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return sent_to_login(request)
        self.user = request.user
        self.rights = Rights(user=self.user, rpc_url=rpc_url())
        try:
            self.treasury_ids = self.allowed(self.action)
        except OwnersUnknownError as error:
            return self.shown("governance/unavailable.html", {"reason": str(error)}, 503)
        if not self.is_allowed():
            raise PermissionDenied
        if request.method in self.step_up_methods:
            asked = step_up(request, self.user)
            if asked is not None:
                return asked
        return super().dispatch(request, *args, **kwargs)

    @property
    def action(self) -> str:
        return self.method_actions.get(self.request.method or "", self.required_action)

    def is_allowed(self) -> bool:
        return bool(self.treasury_ids)

    def allowed(self, action: str) -> frozenset[int]:
        """Treasuries in which this person may take an action, for showing or hiding a button."""
        return self.rights.where(action)

    def context(self) -> dict[str, Any]:
        raise NotImplementedError

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return self.shown(self.template_name, self.context())

    def shown(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        around = {"title": self.title, "navigation": menu(self.request.path)}
        return render(self.request, template, around | context, status=status)

    def fragment(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """The live part alone, or 204 when the browser shows just this already."""
        digest, html = live(self.request, template, context)
        if self.request.GET.get("seen") == digest:
            return HttpResponse(status=204)
        return HttpResponse(html)

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, self.user.get_username())


def sent_to_login(request: HttpRequest) -> HttpResponseBase:
    """A live part must not get the log-in page into itself: it makes the whole page load anew."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def live(
    request: HttpRequest, template: str, context: dict[str, Any], *, url: str = ""
) -> tuple[str, str]:
    """(digest, html): the fragment in a wrapper that asks `url` (default: this address) again every
    `POLL_SECONDS`. The page puts the html into itself with `{{ live_part }}`."""
    inner = render_to_string(template, context, request=request)
    digest = hashlib.sha256(inner.encode()).hexdigest()[:16]
    html = format_html(
        '<div class="stack-wide" hx-get="{}?seen={}" hx-trigger="every {}s" hx-swap="outerHTML">'
        "{}</div>",
        url or request.path,
        digest,
        POLL_SECONDS,
        mark_safe(inner),  # noqa: S308  rendered by Django's own engine, which has escaped it
    )
    return digest, html


def rpc_url() -> str:
    return str(settings.RPC_URLS[0])


def now_block() -> BlockRef:
    """The block whose time is `now` for every rule about money."""
    return head_block(rpc_url())
