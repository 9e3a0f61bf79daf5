"""One treasury: what it is worth, how each tier stands against its policy, what could go wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from governance.selectors.overview.figures import (
    TreasuryFigures,
    proposals_by_tier,
    quarter_figures,
    tier_figures,
    treasuries_figures,
)
from governance.web.overview.viewing import OverviewPage, csv_file, is_stale
from treasury.core import access
from treasury.core.risk import DAY, quarter_start
from treasury.selectors.portfolio import treasuries
from treasury.selectors.standing.series import Sample, nav_samples

RANGES: dict[str, tuple[str, int, int]] = {
    "7d": ("7 days", 7 * DAY, 3_600),
    "30d": ("30 days", 30 * DAY, 4 * 3_600),
    "90d": ("90 days", 90 * DAY, DAY),
    "all": ("a year", 365 * DAY, DAY),
}
"""Query value -> (label, seconds, seconds per step)."""
USUAL = "30d"


class Treasury(OverviewPage):
    required_action = access.TREASURY_READ
    template_name = "governance/overview/treasury.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        figures = self.figures()
        if request.GET.get("format") == "csv":
            return self.as_csv(figures)
        return self.shown(self.template_name, self.shown_context(figures))

    def figures(self) -> TreasuryFigures:
        return treasuries_figures([self.treasury_id()])[0]

    def treasury_id(self) -> int:
        row = treasuries().filter(public_id=self.kwargs["public_id"], pk__in=self.treasury_ids)
        found = row.values_list("pk", flat=True).first()
        if found is None:
            raise Http404
        return found

    def shown_context(self, figures: TreasuryFigures) -> dict[str, Any]:
        standing = figures.standing
        now = standing.block.timestamp if standing.block else 0
        proposals = proposals_by_tier(standing.row.pk, quarter_at=quarter_start(now))
        tiers = tier_figures(standing, proposals=proposals, with_cost=True)
        cost = sum((tier.quarter_cost_usd for tier in tiers), Decimal(0))
        asked = self.range_asked()
        return {
            "title": standing.row.name,
            "figures": figures,
            "standing": standing,
            "tiers": tiers,
            "quarter": quarter_figures(figures, cost_usd=cost),
            "now": now,
            "is_stale": is_stale(standing),
            "ranges": [(key, label, key == asked) for key, (label, *_) in RANGES.items()],
            "range": asked,
            "samples": self.samples(figures, asked),
            "parts": [
                (tier.standing.row.name, tier.standing.nav_usd)
                for tier in tiers
                if tier.standing.nav_usd
            ],
        }

    def range_asked(self) -> str:
        asked = self.request.GET.get("range", USUAL)
        return asked if asked in RANGES else USUAL

    def samples(self, figures: TreasuryFigures, asked: str) -> tuple[Sample, ...]:
        """The daily ones of a year are there already; finer ones are read."""
        standing = figures.standing
        if standing.block is None:
            return ()
        _, seconds, step = RANGES[asked]
        until = standing.block.timestamp
        if step == DAY:
            return tuple(item for item in figures.samples if item.at > until - seconds)
        found = nav_samples(
            treasury_ids=[standing.row.pk], since=until - seconds, until=until, step=step
        )
        return found.get(standing.row.pk, ())

    def as_csv(self, figures: TreasuryFigures) -> HttpResponse:
        asked = self.range_asked()
        return csv_file(
            f"value-{figures.standing.row.public_id}-{asked}",
            ("block_timestamp", "block_number", "nav_usd"),
            ((item.at, item.block, item.nav_usd) for item in self.samples(figures, asked)),
        )
