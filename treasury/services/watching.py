"""Reads the logs of watched contracts: without a gap, over reorganisations and restarts, and each
log once (T3).

The cursor of a watch is the newest block, by hash, up to which everything was read. When it is not
on the chain any more, reading goes on from the newest checkpoint that is; logs that the new chain
does not have are dropped, those that it has in another block stay the same log. Cursor and logs
move in one transaction, so that a crash anywhere leaves both as they were. Not done: removal of a
watch that no policy wants any more; it is only not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from treasury.adapters.chain import open_rpc
from treasury.adapters.logs import ChainMovedError, RawLog, hashes_at, read_logs
from treasury.adapters.rpc import Rpc
from treasury.core.triggering.rules import WatchedContract
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.models import LogCheckpoint, LogWatch, WatchedLog
from treasury.selectors.triggering.logs import watched_contracts
from treasury.services.record import record_audit

__all__ = ["ChainMovedError", "follow_logs"]

WATCHER = Actor(ActorKind.SYSTEM, "treasury.follow_logs")
SEARCH_BATCH = 50
CHECKPOINT_BLOCKS = 10_000
"""Checkpoints this far behind the newest are forgotten, but for the last of them: no
reorganisation goes back a day."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one look found: `ancestor` is the height up to which the stored rows are of this
    chain."""

    cursor: tuple[int, str] | None
    ancestor: int
    logs: tuple[RawLog, ...]


def follow_logs(*, treasury_id: int, block: BlockRef, rpc_url: str) -> int:
    """Every watch of the treasury up to the block; how many logs are new. A watch begins at the
    first block at which a policy in force asks for it. Raises ChainMovedError when the chain is
    reorganised meanwhile; what was read before is kept, and the next call goes on."""
    wanted = watched_contracts(treasury_id=treasury_id, now=block.timestamp)
    if not wanted:
        return 0
    new = 0
    with open_rpc(rpc_url) as rpc:
        for watched in wanted:
            watch = _watch(treasury_id, watched, block)
            reading = _read(rpc, watch, block)
            if reading is not None:
                new += _store(watch, reading, block)
    return new


def _watch(treasury_id: int, watched: WatchedContract, block: BlockRef) -> LogWatch:
    with transaction.atomic():
        watch, is_new = LogWatch.objects.get_or_create(
            treasury_id=treasury_id,
            contract=watched.contract,
            topic=watched.topic,
            defaults={"since_number": block.number},
        )
        if is_new:
            LogCheckpoint.objects.create(
                watch=watch, block_number=block.number, block_hash=block.hash
            )
            record_audit(
                actor=WATCHER,
                action="log_watch.began",
                object_type="log_watch",
                object_id=str(watch.pk),
                block=block,
                after={"contract": watch.contract, "topic": watch.topic},
            )
    return watch


def _read(rpc: Rpc, watch: LogWatch, block: BlockRef) -> _Reading | None:
    """None when everything up to the block was read already."""
    checkpoints = list(
        LogCheckpoint.objects.filter(watch=watch)
        .order_by("-block_number")
        .values_list("block_number", "block_hash")
    )
    if (block.number, block.hash) in checkpoints[:1]:
        return None
    known = _newest_on_chain(rpc, checkpoints)
    if known is not None and known[0] >= block.number:
        return None  # an older block than the cursor's, on the same chain
    ancestor = watch.since_number if known is None else known[0]
    ancestor = min(ancestor, block.number)
    anchors = {block.number: block.hash} | ({} if known is None else {known[0]: known[1]})
    logs = read_logs(
        rpc,
        contract=Address(watch.contract),
        topic=watch.topic,
        start=ancestor + 1,
        end=block.number,
        anchors=anchors,
    )
    return _Reading(checkpoints[0] if checkpoints else None, ancestor, logs)


def _newest_on_chain(rpc: Rpc, checkpoints: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    """Almost always the cursor itself, so that is asked alone first."""
    older = checkpoints[1:]
    batches = [older[at : at + SEARCH_BATCH] for at in range(0, len(older), SEARCH_BATCH)]
    for some in (checkpoints[:1], *batches):
        found = _on_chain(rpc, some)
        if found is not None:
            return found
    return None


def _on_chain(rpc: Rpc, some: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    hashes = hashes_at(rpc, [number for number, _ in some])
    return next(((number, known) for number, known in some if hashes.get(number) == known), None)


def _store(watch: LogWatch, reading: _Reading, block: BlockRef) -> int:
    with transaction.atomic():
        LogWatch.objects.select_for_update(no_key=True).get(pk=watch.pk)
        checkpoints = LogCheckpoint.objects.filter(watch=watch).order_by("-block_number")
        if checkpoints.values_list("block_number", "block_hash").first() != reading.cursor:
            return 0  # somebody else read meanwhile: the next call goes on from there
        numbered = _numbered(reading.logs)
        keys = {(log.tx_hash, ordinal) for log, ordinal in numbered}
        above = WatchedLog.objects.filter(
            watch=watch, block_number__gt=reading.ancestor, is_dropped=False
        )
        gone = [row.pk for row in above if (row.tx_hash, row.ordinal) not in keys]
        WatchedLog.objects.filter(pk__in=gone).update(is_dropped=True)
        new = sum(_keep(watch, log, ordinal) for log, ordinal in numbered)
        checkpoints.filter(block_number__gt=reading.ancestor).delete()
        LogCheckpoint.objects.update_or_create(  # the watch's first block may have been replaced
            watch=watch, block_number=block.number, defaults={"block_hash": block.hash}
        )
        _forget(watch, block)
        if new or gone:
            record_audit(
                actor=WATCHER,
                action="log_watch.read",
                object_type="log_watch",
                object_id=str(watch.pk),
                block=block,
                after={"from": reading.ancestor + 1, "new": new, "dropped": len(gone)},
            )
    return new


def _numbered(logs: Sequence[RawLog]) -> list[tuple[RawLog, int]]:
    """Each log with its place among those of its transaction."""
    count: dict[str, int] = {}
    found = []
    for log in logs:
        found.append((log, count.get(log.tx_hash, 0)))
        count[log.tx_hash] = count.get(log.tx_hash, 0) + 1
    return found


def _keep(watch: LogWatch, log: RawLog, ordinal: int) -> bool:
    """Whether it is new: one that was dropped and came back in another block is not."""
    _, is_new = WatchedLog.objects.update_or_create(
        watch=watch,
        tx_hash=log.tx_hash,
        ordinal=ordinal,
        defaults={
            "block_number": log.block_number,
            "block_hash": log.block_hash,
            "is_dropped": False,
        },
    )
    return is_new


def _forget(watch: LogWatch, block: BlockRef) -> None:
    old = LogCheckpoint.objects.filter(
        watch=watch, block_number__lt=block.number - CHECKPOINT_BLOCKS
    ).order_by("-block_number")
    LogCheckpoint.objects.filter(pk__in=[row.pk for row in old[1:]]).delete()
