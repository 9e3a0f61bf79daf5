"""Routes of treasury's REST resources, mounted under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from treasury.api import books, holdings, policies, portfolio
from treasury.api.views import DetailView, ListView

ROUTES: tuple[tuple[str, type[ListView], type[DetailView] | None], ...] = (
    ("treasuries", portfolio.Treasuries, portfolio.TreasuryDetail),
    ("tiers", portfolio.Tiers, portfolio.TierDetail),
    ("policies", policies.Policies, policies.PolicyDetail),
    ("assets", portfolio.Assets, portfolio.AssetDetail),
    ("prices", holdings.Prices, holdings.PriceDetail),
    ("snapshots", holdings.Snapshots, holdings.SnapshotDetail),
    ("positions", holdings.Positions, None),
    ("journal-entries", books.JournalEntries, books.JournalEntryDetail),
    ("lots", books.Lots, books.LotDetail),
    ("events", books.Events, None),
)

urlpatterns: list[URLPattern | URLResolver] = []
for name, many, one in ROUTES:
    urlpatterns.append(re_path(rf"^{name}/?$", many.as_view(), name=name))
    if one is not None:
        route = rf"^{name}/(?P<public_id>[A-Za-z]+_[0-9A-Z]+)/?$"
        urlpatterns.append(re_path(route, one.as_view(), name=f"{name}-detail"))
