"""Addresses of the registers. Each answers with and without a trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.web.registers.executions import Execution, Executions

TAB = "(?P<tab>under-way|all|breaks)"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^executions/?$", Executions.as_view(), name="executions"),
    re_path(
        r"^executions/(?P<tab>under-way|all|breaks)/?$", Executions.as_view(), name="executions"
    ),
    re_path(r"^executions/(?P<public_id>tx_[0-9A-Z]+)/?$", Execution.as_view(), name="execution"),
]
