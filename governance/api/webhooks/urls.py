"""Routes of channels."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path

from governance.api.webhooks import resources

CHANNEL = r"^webhooks/(?P<public_id>wh_[0-9A-Z]+)"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^webhooks/?$", resources.ChannelList.as_view(), name="webhooks"),
    re_path(rf"{CHANNEL}/?$", resources.ChannelDetail.as_view(), name="webhook"),
    re_path(rf"{CHANNEL}/activations/?$", resources.Activations.as_view(), name="activations"),
    re_path(rf"{CHANNEL}/rotations/?$", resources.Rotations.as_view(), name="rotations"),
    re_path(rf"{CHANNEL}/tests/?$", resources.Tests.as_view(), name="webhook-tests"),
    re_path(rf"{CHANNEL}/deliveries/?$", resources.Deliveries.as_view(), name="deliveries"),
    re_path(
        rf"{CHANNEL}/deliveries/(?P<delivery_id>msg_[0-9A-Z]+)/replays/?$",
        resources.Replays.as_view(),
        name="replays",
    ),
]
