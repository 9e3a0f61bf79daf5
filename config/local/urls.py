"""The service's addresses, and Django's admin beside them: on this machine only, to look at
rows."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from config import urls as service

handler400 = service.handler400
handler403 = service.handler403
handler404 = service.handler404
handler500 = service.handler500

urlpatterns = [path("admin/", admin.site.urls), *service.urlpatterns]
