"""Every address of the service. Paths answer with and without a trailing slash, never redirect."""

from __future__ import annotations

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.health import AliveView, EvaluatingView, ReadyView
from treasury.core.access import PUBLIC

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 description: public, since it is part of the published source."""

    required_action = PUBLIC
    authentication_classes = ()


class ApiPage(SpectacularSwaggerSplitView):
    """The description for people: script and style come from this server, nothing is inline."""

    required_action = PUBLIC
    authentication_classes = ()
    template_name = "governance/api.html"
    url_name = "schema"


urlpatterns = [
    re_path(r"^healthz/?$", AliveView.as_view(), name="healthz"),
    re_path(r"^healthz/evaluations/?$", EvaluatingView.as_view(), name="evaluating"),
    re_path(r"^readyz/?$", ReadyView.as_view(), name="readyz"),
    re_path(r"^api/schema/?$", SchemaView.as_view(), name="schema"),
    re_path(r"^api/?$", ApiPage.as_view(), name="api"),
    path("api/v1/", include("treasury.api.urls")),
    path("api/v1/", include("execution.api.urls")),
    path("api/v1/", include("governance.api.urls")),
    path("", include("governance.web.urls")),
]
