"""Run exactly the bytes that will be signed or sent, on the state of one pinned block.

One `eth_simulateV1` request: balances before, the call itself, balances and approvals after.
Before signatures exist, the owners' approval is put into the Safe's storage (`approvedHashes`,
the mapping that `approveHash` writes) and the call carries the matching v = 1 signatures:
owners, threshold, nonce, hash and every inner call are checked and executed as on the chain;
only the proof of consent differs. Not a promise about later blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from execution.adapters.ethereum import (
    Position,
    Read,
    aggregate_call,
    aggregate_results,
    allowance_read,
    balance_read,
)
from execution.adapters.safe import SafeState
from execution.core.abi import address_word, decode_words, keccak, selector
from execution.core.contracts import MULTICALL3
from execution.core.reconciliation import changes_of
from execution.core.safe_tx import approved_by, exec_transaction, safe_tx_hash
from execution.core.types import SafeTxFields, Simulation
from treasury.adapters.rpc import Rpc, RpcError, block_tag
from treasury.core.types import Address, BlockRef

APPROVED_HASHES_SLOT = 8  # of Safe 1.3.0 to 1.5.0
BLOCK_SECONDS = 1
KNOWN_ERRORS = {
    selector(error): error
    for error in (
        "ERC20InsufficientBalance(address,uint256,uint256)",
        "ERC20InsufficientAllowance(address,uint256,uint256)",
        "ERC4626ExceededMaxDeposit(address,uint256,uint256)",
        "ERC4626ExceededMaxRedeem(address,uint256,uint256)",
        "ConditionViolation(uint8,bytes32)",
        "NoMembership()",
        "NotAuthorized(address)",
        "ModuleTransactionFailed()",
    )
}
Approval = tuple[Address, Address, Address]
"""(token, owner, spender)."""
Overrides = Mapping[Address, Mapping[str, object]]


class SimulationUnavailableError(RuntimeError):
    """The node did not simulate; that says nothing about the transaction."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A call to try. `watch` are the balances, `approvals` the allowances that are looked at."""

    sender: Address
    to: Address
    data: bytes
    watch: tuple[Position, ...]
    approvals: tuple[Approval, ...] = ()
    overrides: Overrides = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialResult:
    simulation: Simulation
    left_over: tuple[tuple[Approval, int], ...] = ()
    """Allowances that are not zero afterwards."""


def approved_trial(
    fields: SafeTxFields,
    state: SafeState,
    *,
    sender: Address,
    watch: Sequence[Position],
    approvals: Sequence[Approval] = (),
) -> Trial:
    """The Safe transaction as if `threshold` owners had approved its hash. `fields.nonce` must
    be the Safe's nonce at the block."""
    owners = sorted(state.owners, key=lambda owner: int(owner, 16))[: state.threshold]
    raw_hash = bytes.fromhex(safe_tx_hash(fields)[2:])
    slots = {
        approved_slot(owner, raw_hash): "0x" + (1).to_bytes(32, "big").hex() for owner in owners
    }
    signatures = b"".join(approved_by(owner) for owner in owners)
    return Trial(
        sender=sender,
        to=fields.safe,
        data=exec_transaction(fields, signatures),
        watch=tuple(watch),
        approvals=tuple(approvals),
        overrides={fields.safe: {"stateDiff": slots}},
    )


def approved_slot(owner: Address, raw_hash: bytes) -> str:
    """Storage slot of `approvedHashes[owner][hash]`."""
    outer = keccak(address_word(owner) + APPROVED_HASHES_SLOT.to_bytes(32, "big"))
    return "0x" + keccak(raw_hash + outer).hex()


def simulate(rpc: Rpc, trial: Trial, block: BlockRef) -> TrialResult:
    reads = [balance_read(position) for position in trial.watch]
    after = [*reads, *(allowance_read(*approval) for approval in trial.approvals)]
    tried = {"from": trial.sender, "to": trial.to, "data": "0x" + trial.data.hex()}
    answers = _simulate(rpc, [_looking(reads), tried, _looking(after)], trial.overrides, block)
    gas_used = int(answers[1]["gasUsed"], 16)
    if int(answers[1]["status"], 16) != 1:
        reason = _reason(rpc, trial, answers[1], block)
        return TrialResult(Simulation(False, block, gas_used, (), reason))
    before, behind = _values(answers[0], reads), _values(answers[2], after)
    changes = changes_of(
        {
            position: new - old
            for position, old, new in zip(trial.watch, before, behind, strict=False)
        }
    )
    left = zip(trial.approvals, behind[len(reads) :], strict=True)
    return TrialResult(
        Simulation(True, block, gas_used, changes),
        tuple((approval, units) for approval, units in left if units),
    )


def _looking(reads: Sequence[Read]) -> dict[str, str]:
    data = aggregate_call([(read.to, read.data) for read in reads])
    return {"to": MULTICALL3, "data": "0x" + data.hex()}


def _simulate(
    rpc: Rpc, calls: list[dict[str, str]], overrides: Overrides, block: BlockRef
) -> list[dict[str, Any]]:
    request = {
        "blockStateCalls": [
            {
                "blockOverrides": {"time": hex(block.timestamp + BLOCK_SECONDS)},
                "stateOverrides": {safe: dict(change) for safe, change in overrides.items()},
                "calls": calls,
            }
        ],
        "validation": False,
    }
    try:
        (simulated,) = rpc.call("eth_simulateV1", request, block_tag(block))
    except RpcError as refused:
        raise SimulationUnavailableError(str(refused)) from refused
    answers: list[dict[str, Any]] = simulated["calls"]
    if len(answers) != len(calls):
        raise SimulationUnavailableError("the node left out calls of the simulation")
    return answers


def _values(answer: dict[str, Any], reads: Sequence[Read]) -> list[int]:
    results = aggregate_results(bytes.fromhex(answer["returnData"][2:]))
    values = []
    for read, (ok, raw) in zip(reads, results, strict=True):
        if not ok or len(raw) != 32:
            raise SimulationUnavailableError(f"no balance or allowance from {read.to}")
        values.append(int.from_bytes(raw, "big"))
    return values


# ------------------------------------------------------------------------------------ why it failed
def _reason(rpc: Rpc, trial: Trial, answer: dict[str, Any], block: BlockRef) -> str:
    """The innermost revert: a Safe says only GS013, a modifier only that its call failed."""
    outer = str((answer.get("error") or {}).get("message", "reverted"))
    call = {"from": trial.sender, "to": trial.to, "data": "0x" + trial.data.hex()}
    options = {
        "tracer": "callTracer",
        "stateOverrides": {safe: dict(change) for safe, change in trial.overrides.items()},
    }
    try:
        trace = rpc.call("debug_traceCall", call, block_tag(block), options)
    except RpcError:
        return outer[:280]
    deepest = _deepest(trace)
    if deepest is None:
        return outer[:280]
    return f"{deepest.get('to')}: {_revert_text(deepest)}"[:280]


def _deepest(frame: dict[str, Any]) -> dict[str, Any] | None:
    """The first failing call that has no failing call inside, along the last failing branch."""
    if not frame.get("error"):
        return None
    for inner in reversed(frame.get("calls") or []):
        found = _deepest(inner)
        if found is not None:
            return found
    return frame


def _revert_text(frame: dict[str, Any]) -> str:
    raw = bytes.fromhex(str(frame.get("output") or "0x")[2:])
    if raw[:4] == selector("Error(string)"):
        (text,) = decode_words(["string"], raw[4:])
        return str(text)
    known = KNOWN_ERRORS.get(raw[:4])
    if known is not None:
        return f"{known} 0x{raw[4:].hex()}"
    if raw:
        return "0x" + raw[:36].hex()
    return str(frame.get("revertReason") or frame.get("error"))
