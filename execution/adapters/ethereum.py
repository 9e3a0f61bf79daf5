"""What execution reads from a node and the one thing it sends: signed bytes.

Reads of one decision carry one `BlockRef`; many contract reads go through one Multicall3 request.
Nothing here judges what it reads: receipts of status 0 come back like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from execution.core.abi import decode_words, encode_call, keccak, topic
from execution.core.contracts import MULTICALL3, TRANSFER_EVENT
from execution.core.types import Log, Receipt
from treasury.adapters.rpc import Request, Rpc, RpcError, RpcUnavailableError, block_tag, checksum
from treasury.core.types import NATIVE, Address, BlockRef

Position = tuple[Address, Address]
AGGREGATE3 = "aggregate3((address,bool,bytes)[])"
CHUNK = 400  # balances in one request stay far below the gas cap of public nodes


class CallFailedError(RuntimeError):
    """A contract refused a read that should always answer, or answered with nothing."""


@dataclass(frozen=True, slots=True)
class Read:
    """One contract read: its calldata and the types it returns."""

    to: Address
    data: bytes
    returns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """`accepted` False is no verdict: the bytes may be in the pool, mined, or lost. Track them."""

    accepted: bool
    message: str


@dataclass(frozen=True, slots=True)
class Fees:
    base_fee_wei: int
    tip_wei: int


def connect(rpc_url: str) -> Rpc:
    """The door of services to a node; close it, or use it in a `with`."""
    return Rpc(rpc_url)


# ------------------------------------------------------------------------------------ contract read
def aggregate_call(reads: Sequence[tuple[Address, bytes]]) -> bytes:
    return encode_call(AGGREGATE3, [(to, True, data) for to, data in reads])


def aggregate_results(raw: bytes) -> tuple[tuple[bool, bytes], ...]:
    (results,) = decode_words(["(bool,bytes)[]"], raw)
    return tuple((bool(ok), bytes(data)) for ok, data in results)


def read_all(rpc: Rpc, reads: Sequence[Read], block: BlockRef | None) -> list[tuple[Any, ...]]:
    """All answers from one block, in order. A read that fails raises."""
    answers: list[tuple[Any, ...]] = []
    for start in range(0, len(reads), CHUNK):
        part = reads[start : start + CHUNK]
        data = aggregate_call([(read.to, read.data) for read in part])
        results = aggregate_results(rpc.eth_call(MULTICALL3, data, block=block))
        for read, (ok, raw) in zip(part, results, strict=True):
            if not ok or not raw:
                raise CallFailedError(f"{read.to} refused the read 0x{read.data[:4].hex()}")
            answers.append(decode_words(read.returns, raw))
    return answers


def balance_read(position: Position) -> Read:
    holder, asset = position
    if asset == NATIVE:
        return Read(MULTICALL3, encode_call("getEthBalance(address)", holder), ("uint256",))
    return Read(asset, encode_call("balanceOf(address)", holder), ("uint256",))


def balances(
    rpc: Rpc, positions: Sequence[Position], block: BlockRef | None
) -> dict[Position, int]:
    """Units per (holder, asset); NATIVE is the chain's currency."""
    answers = read_all(rpc, [balance_read(position) for position in positions], block)
    return {position: int(found[0]) for position, found in zip(positions, answers, strict=True)}


def allowance_read(token: Address, owner: Address, spender: Address) -> Read:
    return Read(token, encode_call("allowance(address,address)", owner, spender), ("uint256",))


def code_hash(rpc: Rpc, address: Address, block: BlockRef) -> str:
    code = rpc.call("eth_getCode", address, block_tag(block))
    return "0x" + keccak(bytes.fromhex(code[2:])).hex()


# ------------------------------------------------------------------------------------ accounts, blo
def transaction_count(rpc: Rpc, account: Address, block: BlockRef | None) -> int:
    return int(rpc.call("eth_getTransactionCount", account, block_tag(block)), 16)


def native_balance(rpc: Rpc, account: Address, block: BlockRef | None) -> int:
    return int(rpc.call("eth_getBalance", account, block_tag(block)), 16)


def fees(rpc: Rpc, block: BlockRef) -> Fees:
    """Base fee of the next block, as the header of `block` fixes it at most (+12.5 %), and the tip
    that the node suggests."""
    base = int(rpc.raw_block(block.hash)["baseFeePerGas"], 16)
    return Fees(base, int(rpc.call("eth_maxPriorityFeePerGas"), 16))


def block_hash_at(rpc: Rpc, number: int) -> str | None:
    """The canonical hash at that height now, None beyond the head."""
    found = rpc.call("eth_getBlockByNumber", hex(number), False)
    return None if found is None else str(found["hash"])


def block_at(rpc: Rpc, number: int) -> BlockRef:
    return rpc.block(number)


# ------------------------------------------------------------------------------------ transactions
def send_raw(rpc: Rpc, raw: bytes) -> SendOutcome:
    """Send signed bytes. Whatever the node answers, the transaction may or may not be on its way:
    a lost answer and "already known" look alike from here."""
    try:
        rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
    except RpcError as refused:
        return SendOutcome(False, str(refused)[:280])
    except RpcUnavailableError as lost:
        return SendOutcome(False, str(lost)[:280])
    return SendOutcome(True, "")


def known_hashes(rpc: Rpc, hashes: Sequence[str]) -> frozenset[str]:
    """Those that the node has, mined or pending."""
    found = rpc.batch([Request("eth_getTransactionByHash", (tx_hash,)) for tx_hash in hashes])
    return frozenset(
        tx_hash for tx_hash, answer in zip(hashes, found, strict=True) if answer is not None
    )


def receipts(rpc: Rpc, hashes: Sequence[str]) -> list[Receipt]:
    """Receipts that are canonical now: one of a dropped block is left out."""
    raw = rpc.batch([Request("eth_getTransactionReceipt", (tx_hash,)) for tx_hash in hashes])
    found = []
    for answer in raw:
        if answer is None:
            continue
        block = rpc.block(int(answer["blockNumber"], 16))
        if block.hash == answer["blockHash"]:
            found.append(_receipt(answer, block))
    return found


def _receipt(raw: dict[str, Any], block: BlockRef) -> Receipt:
    return Receipt(
        tx_hash=str(raw["transactionHash"]),
        block=block,
        status=int(raw["status"], 16),
        gas_used=int(raw["gasUsed"], 16),
        effective_gas_price_wei=int(raw["effectiveGasPrice"], 16),
        sender=checksum(raw["from"]),
        logs=tuple(parse_log(log) for log in raw["logs"]),
    )


def parse_log(raw: dict[str, Any]) -> Log:
    return Log(
        index=int(raw["logIndex"], 16),
        address=checksum(raw["address"]),
        topics=tuple(str(item) for item in raw["topics"]),
        data=bytes.fromhex(raw["data"][2:]),
    )


def transaction_of_event(
    rpc: Rpc, *, address: Address, topics: Sequence[object], from_block: int
) -> str | None:
    """Hash of the latest transaction with such an event, None when there is none."""
    query = {
        "address": address,
        "topics": list(topics),
        "fromBlock": hex(from_block),
        "toBlock": "latest",
    }
    found = rpc.call("eth_getLogs", query)
    return str(found[-1]["transactionHash"]) if found else None


def transfers_in_block(rpc: Rpc, block_hash: str, holders: Sequence[Address]) -> list[Log]:
    """Every ERC-20 Transfer event of that block from or to one of the holders, each once."""
    padded = ["0x" + holder[2:].lower().rjust(64, "0") for holder in holders]
    name = topic(TRANSFER_EVENT)
    raw = rpc.batch(
        [
            Request("eth_getLogs", ({"blockHash": block_hash, "topics": topics},))
            for topics in ([name, padded], [name, None, padded])
        ]
    )
    logs = {log.index: log for part in raw for log in map(parse_log, part)}
    return [logs[index] for index in sorted(logs)]
