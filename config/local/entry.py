"""Entry points of the demo's web server and worker: the grandchildren die with their own parent.

The web server's worker survives a SIGKILL of its main process and keeps the port; Celery's busy
pool child survives until its task ends. Each arms the kernel's parent-death signal for itself.
"""

from __future__ import annotations

import os
import signal

from celery.signals import worker_process_init

from config.celery import app
from config.local.processes import MARK, die_with_parent
from config.wsgi import application

__all__ = ["app", "application"]


@worker_process_init.connect
def arm(**_: object) -> None:
    """Runs in each pool child: importing this module there happened before the fork."""
    die_with_parent(signal.SIGKILL, os.getppid())


if MARK in os.environ:
    die_with_parent(signal.SIGKILL, os.getppid())
