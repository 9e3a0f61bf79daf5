"""Proposals as a list with tabs, filters and a file; and the nonce queue."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from governance.core.lifecycle import ProposalState
from governance.models import Route
from governance.selectors.overview.listing import TABS, Filters, Viewer, page
from governance.selectors.overview.queue import queues
from governance.web.overview.viewing import OverviewPage, csv_file
from governance.web.registers.live import asked_id
from treasury.core import access
from treasury.selectors.portfolio import latest_block_time, tiers_of

ROWS = 50
ROWS_OF_FILE = 5_000
LABELS = {"mine": "Mine", "others": "Others", "all": "All", "done": "Done"}
EMPTY = {
    "mine": ("Nothing waits for you", "What others have to do is under Others."),
    "others": ("Nothing waits for anybody", "The next check decides whether something is needed."),
    "all": ("Nothing was proposed yet", "The first proposal comes when a tier's trigger fires."),
    "done": ("Nothing has ended yet", "Executed, rejected and expired proposals will stand here."),
}
COLUMNS = (
    "proposal",
    "treasury",
    "tier",
    "state",
    "outcome",
    "route",
    "what_it_does",
    "why",
    "value_usd",
    "estimated_cost_usd",
    "actual_cost_usd",
    "triggered_at",
    "expires_at",
    "done_at",
    "note",
)


class Proposals(OverviewPage):
    required_action = access.PROPOSAL_READ
    template_name = "governance/overview/proposals.html"
    title = "Proposals"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("format") == "csv":
            return self.as_csv()
        return super().get(request, *args, **kwargs)

    def context(self) -> dict[str, Any]:
        viewer, filters = self.viewer(), self.filters()
        found = page(viewer, filters, limit=ROWS)
        tiers = list(tiers_of(self.treasury_ids).values_list("public_id", "name"))
        title, text = EMPTY[filters.tab]
        return {
            "page": found,
            "filters": filters,
            "tabs": [
                (LABELS[tab], found.counts[tab], self.link(tab=tab), tab == filters.tab)
                for tab in TABS
            ],
            "tiers": tiers,
            "states": ProposalState,
            "routes": Route,
            "is_filtered": bool(filters.tier or filters.state or filters.route),
            "older": self.link(before=str(found.next_before)) if found.next_before else "",
            "newest": self.link(before="") if filters.before else "",
            "file": self.link(before="", format="csv"),
            "empty_title": title,
            "empty_text": text,
            "now": latest_block_time(self.treasury_ids),
            "signers_unknown": self.signers_unknown,
        }

    def filters(self) -> Filters:
        """What is not known is as if it were not asked for: a link that was cut shows more, never
        something else."""
        given = self.request.GET
        tab, state, route = given.get("tab", "all"), given.get("state", ""), given.get("route", "")
        return Filters(
            tab=tab if tab in TABS else "all",
            tier=given.get("tier", "")[:40],
            state=state if state in set(ProposalState) else "",
            route=route if route in Route.values else "",
            before=asked_id(self.request),
        )

    def link(self, **changes: str) -> str:
        kept = {
            name: self.request.GET.get(name, "")
            for name in ("tab", "tier", "state", "route", "before")
        }
        if "tab" in changes:
            kept["before"] = ""
        asked = {name: value for name, value in (kept | changes).items() if value}
        return "?" + urlencode(asked)

    def as_csv(self) -> HttpResponse:
        """The filtered list, at most so many rows; the older ones by filter."""
        filters = self.filters()
        viewer: Viewer = self.viewer()
        rows = page(viewer, filters, limit=ROWS_OF_FILE).rows
        return csv_file(
            f"proposals-{filters.tab}",
            COLUMNS,
            (
                (
                    found.row.public_id,
                    found.row.tier.treasury.name,
                    found.row.tier.name,
                    found.row.state,
                    found.row.outcome,
                    found.row.route,
                    found.action,
                    found.why,
                    found.row.value_usd,
                    found.row.estimated_cost_usd,
                    found.row.actual_cost_usd,
                    found.row.triggered_at,
                    found.row.expires_at,
                    found.row.done_at,
                    found.note,
                )
                for found in rows
            ),
        )


class QueuePage(OverviewPage):
    required_action = access.PROPOSAL_READ
    template_name = "governance/overview/queue.html"
    title = "Queue"

    def context(self) -> dict[str, Any]:
        return {"queues": queues(self.treasury_ids)}
