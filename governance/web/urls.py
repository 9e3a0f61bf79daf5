"""Addresses of governance's pages."""

from __future__ import annotations

from django.urls import re_path

from governance.web.views import Dashboard, Login, Logout

urlpatterns = [
    re_path(r"^$", Dashboard.as_view(), name="dashboard"),
    re_path(r"^login/?$", Login.as_view(), name="login"),
    re_path(r"^logout/?$", Logout.as_view(), name="logout"),
]
