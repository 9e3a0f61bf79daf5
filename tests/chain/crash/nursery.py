"""A program that imports the service once and then forks whatever process it is asked for.

A worker needs seconds for its imports and a tenth of one for the rest; the crash tests start one
for each kill and one more afterwards. A child is a process like any other: its own id, its own
connections, the command line that it was given; how it ended is what `waitpid` says.

The one argument is the file descriptor of the connection to the tests.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection, wait

from celery.__main__ import main as celery
from django.conf import settings
from django.core.management import execute_from_command_line

from config.local.processes import die_with_parent
from tests.chain.crash.entry import app
from tests.chain.crash.messages import Answer, Request

# What a worker and a web server import only once they run.
LATE_IMPORTS = (
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.solo",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.control",
    "celery.worker.strategy",
    "django.contrib.staticfiles.management.commands.runserver",
    "httpcore",
    "kombu.asynchronous.hub",
    "kombu.transport.redis",
    "redis.asyncio",
)
PROGRAMS: dict[str, Callable[[], object]] = {
    "celery": celery,
    "manage.py": lambda: execute_from_command_line(sys.argv),
}


def main() -> None:
    connection: Connection[Answer, Request] = Connection(int(sys.argv[1]))
    app.loader.import_default_modules()
    for module in LATE_IMPORTS:
        import_module(module)
    gc.freeze()  # a child's first collection would copy all of it
    deaths = _wake_up_when_a_child_dies()
    while True:
        for source in wait([connection, deaths]):
            if source is connection:
                try:
                    request = connection.recv()
                except EOFError:
                    return  # the tests are over
                connection.send(Answer(_fork(request, connection), None))
            else:
                os.read(deaths, 512)
                _bury(connection)


def _wake_up_when_a_child_dies() -> int:
    readable, writable = os.pipe()
    for end in (readable, writable):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable)
    return readable


def _bury(connection: Connection[Answer, Request]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        connection.send(Answer(pid, os.waitstatus_to_exitcode(status)))


def _fork(request: Request, connection: Connection[Answer, Request]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent(signal.SIGKILL, parent)
        connection.close()
        _become(request)
        status = 0
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001  nothing may return into the parent's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _become(request: Request) -> None:
    log = os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.argv = list(request.argv)
    os.environ["CRASH_AT"] = request.crash_at
    settings.CRASH_AT = request.crash_at  # the settings were read before the fork
    PROGRAMS[request.argv[0]]()


if __name__ == "__main__":
    main()
