"""anvil processes: how to start one on a stored chain so that every run makes the same blocks.

Two facts about anvil 1.7.1 decide this file. Its clock starts at the wall clock also when a state
is loaded, and it then refuses earlier block times: so the head's time is always given. `evm_revert`
restores state and time but not the base fee of the next block: so `rewound` restores it.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.local.chain.accounts import CHAIN_ID
from config.local.chain.rpc import Rpc
from config.local.fetch_anvil import ensure_anvil

HARDFORK: Final = "osaka"
START_SECONDS: Final = 30
STOP_SECONDS: Final = 30
HOST: Final = "127.0.0.1"


class NodeStartError(Exception):
    """anvil ended or did not answer in time."""


@dataclass(frozen=True)
class Node:
    url: str
    process: subprocess.Popen[bytes]

    def rpc(self) -> Rpc:
        return Rpc(self.url)


def node_arguments(
    *, port: int, timestamp: int, state: Path | None = None, automine: bool = True
) -> list[str]:
    """The command line for the stored chain `state` whose head was mined at `timestamp`.

    Without automine a block appears only when asked for, with an explicit time: two runs of the
    same transactions then give the same block hashes. Only the chain's own accounts have money.
    """
    command = [str(ensure_anvil()), "--host", HOST, "--port", str(port), "--silent"]
    command += ["--chain-id", str(CHAIN_ID), "--hardfork", HARDFORK, "--accounts", "0"]
    command += ["--timestamp", str(timestamp), "--slots-in-an-epoch", "1"]
    if state is not None:
        command += ["--load-state", str(state)]
    if not automine:
        command += ["--no-mining"]
    return command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_node(
    *,
    timestamp: int,
    state: Path | None = None,
    automine: bool = True,
    extra: Sequence[str] = (),
) -> Iterator[Node]:
    """An anvil on a free loopback port, ended on leaving; a SIGTERM makes `--dump-state` write."""
    port = free_port()
    command = node_arguments(port=port, timestamp=timestamp, state=state, automine=automine)
    process = subprocess.Popen(
        [*command, *extra], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    node = Node(url=f"http://{HOST}:{port}", process=process)
    try:
        _wait_until_ready(node)
        yield node
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(node: Node) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if node.process.poll() is not None:
            raise NodeStartError(f"anvil ended with status {node.process.returncode}")
        rpc = node.rpc()
        try:
            rpc("eth_chainId")
        except OSError:
            time.sleep(0.01)
        else:
            return
        finally:
            rpc.close()
    raise NodeStartError(f"anvil did not answer within {START_SECONDS} s")


def resume_clock(rpc: Rpc) -> None:
    """Continue in time from the head, for a node that was started without `--timestamp`.

    Blocks that the node mines by itself follow this clock too; at the wall clock every feed of a
    stored chain would look months old.
    """
    rpc("anvil_setTime", hex(rpc.timestamp()))


@contextmanager
def rewound(rpc: Rpc) -> Iterator[None]:
    """Undo on leaving whatever happens inside, so that the next block is again what it would be."""
    base_fee = rpc.block("pending")["baseFeePerGas"]
    snapshot = rpc("evm_snapshot")
    try:
        yield
    finally:
        rpc("evm_revert", snapshot)
        rpc("anvil_setNextBlockBaseFeePerGas", base_fee)
