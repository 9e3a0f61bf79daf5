"""The Celery application. A broker message is only a wake-up: the truth is in our rows."""

from __future__ import annotations

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
app = Celery("ballast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def configure_logging(**_: object) -> None:
    """Worker and beat log as the web server does: without a receiver Celery installs its own."""
    logging.config.dictConfig(settings.LOGGING)
