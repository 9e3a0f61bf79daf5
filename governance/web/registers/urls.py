"""Addresses of the registers. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.web.registers.addresses import Addresses, Label
from governance.web.registers.executions import Execution, Executions
from governance.web.registers.integrations import ChannelPage, Integrations
from governance.web.registers.monitoring import HaltPage, Halts, Monitoring
from governance.web.registers.notices import Notices, Withdrawal
from governance.web.registers.signers import Signers
from governance.web.registers.tokens import TokenIssue, TokenRevocation
from governance.web.registers.trail import Audit, AuditExport

TAB = "(?P<tab>under-way|all|breaks)"
TREASURY = "(?:(?P<treasury>trs_[0-9A-Z]+)/?)?"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^executions/?$", Executions.as_view(), name="executions"),
    re_path(
        r"^executions/(?P<tab>under-way|all|breaks)/?$", Executions.as_view(), name="executions"
    ),
    re_path(r"^executions/(?P<public_id>tx_[0-9A-Z]+)/?$", Execution.as_view(), name="execution"),
    re_path(rf"^monitoring/?{TREASURY}$", Monitoring.as_view(), name="monitoring"),
    re_path(r"^monitoring/halts/?$", Halts.as_view(), name="halts-page"),
    re_path(r"^monitoring/halts/(?P<public_id>halt_[0-9A-Z]+)/?$", HaltPage.as_view(), name="halt"),
    re_path(rf"^signers/?{TREASURY}$", Signers.as_view(), name="signers"),
    re_path(rf"^addresses/?{TREASURY}$", Addresses.as_view(), name="addresses"),
    re_path(r"^addresses/(?P<public_id>addr_[0-9A-Z]+)/?$", Label.as_view(), name="label"),
    re_path(rf"^integrations/?{TREASURY}$", Integrations.as_view(), name="integrations"),
    re_path(
        r"^integrations/channels/(?P<public_id>wh_[0-9A-Z]+)/?$",
        ChannelPage.as_view(),
        name="channel",
    ),
    re_path(rf"^integrations/tokens/new/?{TREASURY}$", TokenIssue.as_view(), name="token-issue"),
    re_path(
        r"^integrations/tokens/(?P<public_id>key_[0-9A-Z]+)/revocation/?$",
        TokenRevocation.as_view(),
        name="token-revocation",
    ),
    re_path(r"^audit/?$", Audit.as_view(), name="audit"),
    re_path(r"^audit/export/?$", AuditExport.as_view(), name="audit-export"),
    re_path(rf"^notices/?{TREASURY}$", Notices.as_view(), name="notices"),
    re_path(
        r"^notices/(?P<public_id>ntc_[0-9A-Z]+)/withdrawal/?$",
        Withdrawal.as_view(),
        name="notice-withdrawal",
    ),
]
