"""Pages with a live part, lists a page at a time, and a chain that may not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse

from governance.services.signers import OwnersUnknownError
from governance.web.base import Page, live, now_block
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import BlockRef
from treasury.selectors.portfolio import treasuries
from treasury.selectors.snapshots import block_of, latest

if TYPE_CHECKING:
    from treasury.models import Treasury

LARGEST_ID = 2**63 - 1


class LivePage(Page):
    """`live_template` is asked for again every few seconds and never holds a form: swapping it
    would lose what somebody types. `around()` is what stands about it, made once."""

    live_template: ClassVar[str]

    def live_context(self) -> dict[str, Any]:
        raise NotImplementedError

    def around(self) -> dict[str, Any]:
        return {}

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        if "seen" in request.GET:
            return self.fragment(self.live_template, self.live_context())
        _digest, html = live(request, self.live_template, self.live_context())
        return self.shown(self.template_name, {"live_part": html, **self.around()})


def chosen(page: Page) -> Treasury:
    """The treasury that the address names, else the first in which the person may act."""
    rows = treasuries().filter(pk__in=page.treasury_ids)
    wanted = page.kwargs.get("treasury")
    found = rows.filter(public_id=wanted).first() if wanted else rows.first()
    if found is None:
        raise Http404
    return found


def places(page: Page, action: str) -> frozenset[int]:
    """Treasuries in which a button of that action is shown: none while the chain cannot say who is
    a signer. Whether the action is allowed is asked again when it is taken."""
    try:
        return page.allowed(action)
    except OwnersUnknownError:
        return frozenset()


def head_or_none() -> BlockRef | None:
    """The newest block, None when no node answers: a page then says so and shows the rest."""
    try:
        return now_block()
    except (RpcError, RpcUnavailableError):
        return None


def asked_id(request: HttpRequest) -> int | None:
    """`?before=` of a list; anything but a row number is as if it were not there."""
    given = request.GET.get("before", "")
    if not (given.isascii() and given.isdigit()) or len(given) > len(str(LARGEST_ID)):
        return None
    return min(int(given), LARGEST_ID)


def block_for(treasury_id: int) -> BlockRef:
    """The newest block; without a node the treasury's latest snapshot's, so that what stops or
    warns works then too."""
    head = head_or_none()
    if head is not None:
        return head
    snapshot = latest(treasury_id)
    return block_of(snapshot) if snapshot else BlockRef(0, "0x" + "0" * 64, 0)
