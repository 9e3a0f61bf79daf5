"""The worker's application as the crash tests start it: the demo's own, which also tells when a
task has ended. Results are switched off in the service, and a queue's length would not say it."""

from __future__ import annotations

from celery.signals import task_postrun
from django.core.cache import cache

from config.local.entry import app

__all__ = ["app", "ending_of"]


def ending_of(task_id: str) -> str:
    """Celery's word for how the task ended, empty while it has not."""
    return str(cache.get(_key(task_id), ""))


@task_postrun.connect
def note_ending(task_id: str, state: str, **_: object) -> None:
    cache.set(_key(task_id), state)


def _key(task_id: str) -> str:
    return f"crash-test-task-{task_id}"
