"""Addresses below one proposal."""

from __future__ import annotations

from typing import Final

from django.urls import re_path

from governance.web.base import Page
from governance.web.proposal import acting, editing, importing, page, rejecting

ONE: Final = r"^proposals/(?P<public_id>prop_[0-9A-Z]+)"
FORMS: Final[dict[str, type[Page]]] = {
    "live": page.ProposalLive,
    "preparations": acting.Preparations,
    "signatures": acting.Signatures,
    "approvals": acting.Approvals,
    "declines": acting.Declines,
    "vetoes": acting.Vetoes,
    "comments": acting.Comments,
    "executions": acting.Executions,
    "readings": acting.Readings,
    "edits": editing.Edits,
    "rejections": rejecting.Rejections,
    "rejection-preparations": rejecting.RejectionPreparations,
    "rejection-signatures": rejecting.RejectionSignatures,
}

urlpatterns = [
    re_path(r"^proposals/imports/?$", importing.Imports.as_view(), name="imports-page"),
    re_path(
        r"^proposals/imports/(?P<public_id>ext_[0-9A-Z]+)/?$",
        importing.Import.as_view(),
        name="import-page",
    ),
    re_path(rf"{ONE}/?$", page.ProposalPage.as_view(), name="proposal-page"),
    *(
        re_path(rf"{ONE}/{name}/?$", view.as_view(), name=f"proposal-{name}")
        for name, view in FORMS.items()
    ),
]
