"""The top package as an app: base template, static files and the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  registers itself
