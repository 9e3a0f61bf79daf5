"""Home: what there is, what waits, what is halted."""

from __future__ import annotations

from typing import Any

from governance.selectors.overview import overview
from governance.web.base import Page
from treasury.core import access


class Home(Page):
    required_action = access.TREASURY_READ
    template_name = "governance/home.html"
    title = "Home"

    def context(self) -> dict[str, Any]:
        return {"treasuries": overview(treasury_ids=self.treasury_ids)}
