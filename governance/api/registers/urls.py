"""Routes of the registers' REST resources."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.api.registers import me, notices

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^notices/?$", notices.NoticeList.as_view(), name="notices-list"),
    re_path(
        r"^notices/(?P<public_id>ntc_[0-9A-Z]+)/withdrawals/?$",
        notices.NoticeWithdrawals.as_view(),
        name="notice-withdrawals",
    ),
    re_path(r"^me/?$", me.Me.as_view(), name="me"),
]
