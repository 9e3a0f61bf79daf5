"""Addresses below one proposal."""

from __future__ import annotations

from django.urls import re_path

from governance.web.proposal import page

ONE = r"^proposals/(?P<public_id>prop_[0-9A-Z]+)"

urlpatterns = [
    re_path(rf"{ONE}/?$", page.ProposalPage.as_view(), name="proposal-page"),
    re_path(rf"{ONE}/live/?$", page.ProposalLive.as_view(), name="proposal-live"),
]
