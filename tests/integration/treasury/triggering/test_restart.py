"""T3: a reading that is killed leaves nothing half done, and the next process goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction

from tests.integration.treasury.sql import rows
from tests.integration.treasury.triggering.speaking import listen, mine, speak
from tests.integration.treasury.world import World
from treasury.models import LogCheckpoint, LogWatch, WatchedLog
from treasury.services.watching import follow_logs

PATIENCE_SECONDS = 120
CHILD = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[3]
django.setup()
from treasury.adapters.rpc import Rpc
from treasury.services.watching import follow_logs
with Rpc(sys.argv[2]) as rpc:
    block = rpc.block("latest")
print(follow_logs(treasury_id=int(sys.argv[1]), block=block, rpc_url=sys.argv[2]))
"""


def start(world: World) -> subprocess.Popen[str]:
    database = str(connection.settings_dict["NAME"])
    return subprocess.Popen(  # our interpreter, our text
        [sys.executable, "-c", CHILD, str(world.treasury.pk), world.url, database],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    )


def is_waited_for() -> bool:
    """Whether another connection waits for this transaction: it has read everything then, and is
    about to store."""
    waiting = """
        SELECT count(*) FROM pg_locks AS theirs JOIN pg_locks AS ours USING (transactionid)
        WHERE NOT theirs.granted AND ours.granted AND ours.pid = pg_backend_pid()
    """
    return int(rows(waiting)[0][0]) > 0


@pytest.mark.django_db(transaction=True)
def test_follow__killed_while_storing__next_process_reads_all_of_it_once(
    bare_world: World,
) -> None:
    world = bare_world
    listen(world)
    mine(world)
    follow_logs(treasury_id=world.treasury.pk, block=world.head(), rpc_url=world.url)
    said = speak(world, 1, 2)
    before = list(LogCheckpoint.objects.values_list("block_hash", flat=True))
    with transaction.atomic():
        LogWatch.objects.select_for_update().get()
        child = start(world)
        latest = time.monotonic() + PATIENCE_SECONDS
        while not (caught := is_waited_for()) and child.poll() is None:
            assert time.monotonic() < latest, "the child never came to its storing"
        assert caught, child.poll()
        child.kill()
        child.communicate()
    assert not WatchedLog.objects.exists()
    assert list(LogCheckpoint.objects.values_list("block_hash", flat=True)) == before
    more = speak(world, 3)
    out, _ = start(world).communicate()
    assert out == "3\n"
    again, _ = start(world).communicate()
    assert again == "0\n"
    assert set(WatchedLog.objects.values_list("tx_hash", flat=True)) == {*said, *more}
