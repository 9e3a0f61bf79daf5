from django.apps import AppConfig


class LocalConfig(AppConfig):
    """The embedded servers and the demonstration; installed by local and test settings only."""

    name = "config.local"
