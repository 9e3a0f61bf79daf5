"""Addresses of the registers. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.web.registers.executions import Execution, Executions
from governance.web.registers.monitoring import HaltPage, Halts, Monitoring
from governance.web.registers.notices import Notices, Withdrawal
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
    re_path(r"^audit/?$", Audit.as_view(), name="audit"),
    re_path(r"^audit/export/?$", AuditExport.as_view(), name="audit-export"),
    re_path(rf"^notices/?{TREASURY}$", Notices.as_view(), name="notices"),
    re_path(
        r"^notices/(?P<public_id>ntc_[0-9A-Z]+)/withdrawal/?$",
        Withdrawal.as_view(),
        name="notice-withdrawal",
    ),
]
