"""Home: what needs you, then how the treasuries stand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from governance.selectors.overview.figures import treasuries_figures
from governance.selectors.overview.needs import needs
from governance.web.base import live
from governance.web.overview.viewing import OverviewPage, beat_seconds, is_stale
from treasury.core import access

LIVE = "governance/overview/home_live.html"


class Home(OverviewPage):
    required_action = access.TREASURY_READ
    template_name = "governance/overview/home.html"
    title = "Home"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "seen" in request.GET:
            return self.fragment(LIVE, self.live_context())
        return super().get(request, *args, **kwargs)

    def context(self) -> dict[str, Any]:
        return {"live_part": live(self.request, LIVE, self.live_context())[1]}

    def live_context(self) -> dict[str, Any]:
        figures = treasuries_figures(self.treasury_ids)
        found = needs(self.viewer(), figures)
        blocks = [item.standing.block for item in figures if item.standing.block]
        return {
            "needs": found,
            "treasuries": figures,
            "now": max((block.timestamp for block in blocks), default=0),
            "beat_seconds": beat_seconds(),
            "is_stale": any(is_stale(item.standing) for item in figures),
            "signers_unknown": self.signers_unknown,
        }
