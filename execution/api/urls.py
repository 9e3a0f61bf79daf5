"""Routes of execution's REST resources, mounted under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from execution.api.views import BreakDetail, Breaks, TransactionDetail, Transactions

PUBLIC_ID = r"(?P<public_id>[A-Za-z]+_[0-9A-Z]+)"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^transactions/?$", Transactions.as_view(), name="transactions"),
    re_path(
        rf"^transactions/{PUBLIC_ID}/?$", TransactionDetail.as_view(), name="transactions-detail"
    ),
    re_path(r"^breaks/?$", Breaks.as_view(), name="breaks"),
    re_path(rf"^breaks/{PUBLIC_ID}/?$", BreakDetail.as_view(), name="breaks-detail"),
]
