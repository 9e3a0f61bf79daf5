"""Addresses of the overview. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.web.overview.home import Home
from governance.web.overview.proposals import Proposals, QueuePage
from governance.web.overview.public import PublicPage, Publishing
from governance.web.overview.tier import Check, Degrade, Tier
from governance.web.overview.treasury import Treasury

TREASURY = r"^treasuries/(?P<public_id>trs_[0-9A-Z]+)"
TIER = r"^tiers/(?P<public_id>tier_[0-9A-Z]+)"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^$", Home.as_view(), name="home"),
    re_path(rf"{TREASURY}/?$", Treasury.as_view(), name="treasury"),
    re_path(rf"{TREASURY}/publication/?$", Publishing.as_view(), name="publishing"),
    re_path(rf"{TIER}/?$", Tier.as_view(), name="tier"),
    re_path(rf"{TIER}/check/?$", Check.as_view(), name="tier_check"),
    re_path(rf"{TIER}/degrade/?$", Degrade.as_view(), name="tier_degrade"),
    re_path(r"^proposals/?$", Proposals.as_view(), name="proposals"),
    re_path(r"^proposals/queue/?$", QueuePage.as_view(), name="queue"),
    re_path(r"^public/(?P<slug>[-\w]+)/?$", PublicPage.as_view(), name="public"),
]
