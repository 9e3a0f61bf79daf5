"""Routes of governance's REST resources, mounted under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.api import actions, deliberating, halts, imports, proposals, schema
from governance.api.identity import tokens
from governance.api.registers import urls as registers
from governance.api.signing import editing
from governance.api.signing import views as signing
from governance.api.webhooks import urls as webhooks

__all__ = ["schema", "urlpatterns"]

PROPOSAL = r"^proposals/(?P<public_id>prop_[0-9A-Z]+)"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^proposals/?$", proposals.ProposalList.as_view(), name="proposals"),
    re_path(r"^proposals/imports/?$", imports.Imports.as_view(), name="imports"),
    re_path(
        r"^proposals/imports/(?P<public_id>ext_[0-9A-Z]+)/?$",
        imports.ImportDetail.as_view(),
        name="import",
    ),
    re_path(rf"{PROPOSAL}/?$", proposals.ProposalDetail.as_view(), name="proposal"),
    re_path(rf"{PROPOSAL}/explanation/?$", proposals.Explanation.as_view(), name="explanation"),
    re_path(rf"{PROPOSAL}/verification/?$", proposals.Verification.as_view(), name="verification"),
    re_path(rf"{PROPOSAL}/confirmations/?$", actions.Confirmations.as_view(), name="confirmations"),
    re_path(rf"{PROPOSAL}/approvals/?$", actions.Approvals.as_view(), name="approvals"),
    re_path(rf"{PROPOSAL}/vetoes/?$", actions.Vetoes.as_view(), name="vetoes"),
    re_path(rf"{PROPOSAL}/declines/?$", actions.Declines.as_view(), name="declines"),
    re_path(rf"{PROPOSAL}/scrutiny/?$", deliberating.ScrutinyDetail.as_view(), name="scrutiny"),
    re_path(rf"{PROPOSAL}/comments/?$", deliberating.Comments.as_view(), name="comments"),
    re_path(
        rf"{PROPOSAL}/acknowledgements/?$",
        deliberating.Acknowledgements.as_view(),
        name="acknowledgements",
    ),
    re_path(rf"{PROPOSAL}/answers/?$", deliberating.Answers.as_view(), name="answers"),
    re_path(rf"{PROPOSAL}/simulations/?$", proposals.Simulations.as_view(), name="simulations"),
    re_path(rf"{PROPOSAL}/package/?$", signing.PackageDetail.as_view(), name="package"),
    re_path(rf"{PROPOSAL}/edits/?$", editing.Edits.as_view(), name="edits"),
    re_path(rf"{PROPOSAL}/rejections/?$", signing.Rejections.as_view(), name="rejections"),
    re_path(
        rf"{PROPOSAL}/rejections/confirmations/?$",
        signing.RejectionConfirmations.as_view(),
        name="rejection-confirmations",
    ),
    re_path(rf"{PROPOSAL}/executions/?$", actions.Executions.as_view(), name="executions"),
    re_path(
        r"^tiers/(?P<public_id>tier_[0-9A-Z]+)/checks/?$",
        proposals.TierCheck.as_view(),
        name="tier-checks",
    ),
    re_path(r"^breakers/?$", halts.BreakerList.as_view(), name="breakers"),
    re_path(r"^halts/?$", halts.HaltList.as_view(), name="halts"),
    re_path(r"^halts/(?P<public_id>halt_[0-9A-Z]+)/?$", halts.HaltDetail.as_view(), name="halt"),
    re_path(
        r"^halts/(?P<public_id>halt_[0-9A-Z]+)/resets/?$",
        halts.HaltResets.as_view(),
        name="halt-resets",
    ),
    re_path(r"^tokens/?$", tokens.TokenList.as_view(), name="tokens"),
    re_path(r"^tokens/(?P<public_id>key_[0-9A-Z]+)/?$", tokens.TokenDetail.as_view(), name="token"),
    re_path(r"^audit-events/?$", halts.AuditList.as_view(), name="audit-events"),
    *registers.urlpatterns,
    *webhooks.urlpatterns,
]
