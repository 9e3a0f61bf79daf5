"""From legs to the exact bytes that are signed or sent, and the digests that bind them.

Every batch begins with the deadline leg and ends with the evidence leg. Work in a tier Safe
under SAFE is one leg of the main Safe's batch, `tierSafe.execTransaction(...)` with the main
Safe's pre-validated signature: the leg carries no nonce, so the tier Safe's nonce and hash are
predictions. Pure: quotes, nonces and simulations are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from execution.core.abi import decode_call, encode_call, selector, to_address
from execution.core.contracts import (
    APPROVE,
    DEADLINE,
    EXEC_WITH_ROLE,
    IDENTITY,
    MULTISEND_CALL_ONLY,
    SWAP_ROUTER02,
)
from execution.core.multisend import encode_multisend
from execution.core.safe_tx import approved_by, exec_transaction
from execution.core.types import (
    BalanceChange,
    Call,
    ExecutionPlan,
    Leg,
    LegKind,
    Mechanism,
    Operation,
    Quote,
    SafeTxFields,
)
from treasury.core import canonical
from treasury.core.amounts import bps_of, quantize_usd, value_usd
from treasury.core.decisions import Trade
from treasury.core.types import Address, CostEstimate, GasPrice, Holding

NO_DIGEST = "0" * 64
"""Stands in the evidence leg while the evidence itself is being made."""


class PlanError(ValueError):
    """The plan breaks one of the rules that hold for everything that is signed."""


def approve_call(token: Address, spender: Address, units: int) -> Call:
    """Exactly what the next call takes; after it, approve 0."""
    return Call(token, 0, encode_call(APPROVE, spender, units), "approve")


def deadline_call(expires_at: int) -> Call:
    """Reverts when the block is later than `expires_at`, whoever sends it; otherwise does
    nothing."""
    return Call(SWAP_ROUTER02, 0, encode_call(DEADLINE, expires_at, []), "deadline")


def evidence_call(digest: str) -> Call:
    """Does nothing, but puts the reason into the bytes that are signed."""
    raw = bytes.fromhex(digest)
    if len(raw) != 32:
        raise PlanError(f"an evidence digest of {len(raw)} bytes")
    return Call(IDENTITY, 0, raw, "evidence")


def batch(legs: Sequence[Leg], expires_at: int, evidence_digest: str) -> tuple[Call, ...]:
    inner = tuple(call for leg in legs for call in leg.calls)
    return (deadline_call(expires_at), *inner, evidence_call(evidence_digest))


def evidence(
    document: dict[str, object], legs: Sequence[Leg], changes: Sequence[BalanceChange]
) -> str:
    """Canonical text of everything that the evidence digest covers: the reasons, what will be done,
    and what it did to balances when it was simulated with a zero digest."""
    whole = {"reasons": document, "legs": list(legs), "changes": list(changes)}
    return canonical.canonical_bytes(whole).decode()


def plan_digest(plan: ExecutionPlan) -> str:
    return canonical.digest(plan)


# ------------------------------------------------------------------------------------ who sends wha
def signing_safe(plan: ExecutionPlan) -> Address | None:
    """The Safe whose owners sign; None when the executor key acts by its role."""
    if plan.mechanism is Mechanism.SAFE:
        return plan.main_safe
    return plan.member if plan.member_is_safe else None


def is_nested(plan: ExecutionPlan) -> bool:
    return plan.mechanism is Mechanism.SAFE and plan.acting_safe != plan.main_safe


def safe_tx_fields(plan: ExecutionPlan, nonce: int) -> SafeTxFields:
    """The ten fields of the transaction that owners sign."""
    safe = signing_safe(plan)
    if safe is None:
        raise PlanError("nobody signs a Safe transaction for this plan: the executor has the role")
    if plan.mechanism is Mechanism.ROLES:
        to, data, operation = role_target(plan), role_call(plan), Operation.CALL
    else:
        to, operation = MULTISEND_CALL_ONLY, Operation.DELEGATECALL
        data = encode_multisend(main_batch(plan))
    return SafeTxFields(plan.chain_id, safe, to, 0, data, operation, nonce)


def main_batch(plan: ExecutionPlan) -> tuple[Call, ...]:
    """What the main Safe does: the plan's batch itself, or one nested leg around it."""
    if not is_nested(plan):
        return plan.batch
    nested = exec_transaction(nested_fields(plan, 0), approved_by(plan.main_safe))
    leg = Call(plan.acting_safe, 0, nested, "nested")
    return (deadline_call(plan.expires_at), leg, evidence_call(plan.evidence_digest))


def nested_fields(plan: ExecutionPlan, nonce: int) -> SafeTxFields:
    """The tier Safe's own transaction; the nonce is a prediction for the planned queue order."""
    return SafeTxFields(
        plan.chain_id,
        plan.acting_safe,
        MULTISEND_CALL_ONLY,
        0,
        encode_multisend(plan.batch),
        Operation.DELEGATECALL,
        nonce,
    )


def rejection_fields(rejected: SafeTxFields) -> SafeTxFields:
    """The empty call of the Safe to itself at the same nonce: once it is executed, the other can
    never be."""
    return SafeTxFields(
        rejected.chain_id, rejected.safe, rejected.safe, 0, b"", Operation.CALL, rejected.nonce
    )


def role_target(plan: ExecutionPlan) -> Address:
    if plan.modifier is None:
        raise PlanError("a plan by role without a modifier")
    return plan.modifier


def role_call(plan: ExecutionPlan) -> bytes:
    """`shouldRevert` is true: a refused or failing call reverts instead of answering false."""
    return encode_call(
        EXEC_WITH_ROLE,
        MULTISEND_CALL_ONLY,
        0,
        encode_multisend(plan.batch),
        int(Operation.DELEGATECALL),
        bytes.fromhex(plan.role_key.removeprefix("0x")),
        True,
    )


# ------------------------------------------------------------------------------------ rules
def check_plan(plan: ExecutionPlan, own_safes: frozenset[Address]) -> None:
    """Raises PlanError where the plan breaks a rule that holds for everything that is signed."""
    if not plan.legs:
        raise PlanError("a plan without legs")
    if plan.batch != batch(plan.legs, plan.expires_at, plan.evidence_digest):
        raise PlanError("the batch is not what the legs say")
    if plan.mechanism is Mechanism.ROLES:
        _check_role(plan)
    for position, leg in enumerate(plan.legs):
        if leg.index != position:
            raise PlanError(f"leg {position} is numbered {leg.index}")
        _check_leg(leg, plan, own_safes)


def _check_role(plan: ExecutionPlan) -> None:
    if plan.modifier is None or plan.member is None or not plan.role_key:
        raise PlanError("a plan by role without modifier, member or role key")
    if plan.acting_safe == plan.main_safe:
        raise PlanError("the main Safe never acts by a role of ours")


def _check_leg(leg: Leg, plan: ExecutionPlan, own_safes: frozenset[Address]) -> None:
    if leg.safe != plan.acting_safe:
        raise PlanError(f"leg {leg.index} moves assets of {leg.safe}")
    if leg.recipient not in own_safes:
        raise PlanError(f"leg {leg.index} pays {leg.recipient}, which is no Safe of the treasury")
    if leg.kind is not LegKind.TRANSFER and leg.recipient != leg.safe:
        raise PlanError(f"leg {leg.index} trades to another Safe than its own")
    if leg.sell_units <= 0 or not 0 < leg.min_buy_units <= leg.expected_buy_units:
        raise PlanError(f"leg {leg.index} has impossible amounts")
    if any(call.value for call in leg.calls):
        raise PlanError(f"leg {leg.index} sends native currency")
    approved = [units for _, units in approvals(leg)]
    if approved and approved != [leg.sell_units, 0]:
        raise PlanError(f"leg {leg.index} approves {approved} for a sale of {leg.sell_units}")


def approvals(leg: Leg) -> tuple[tuple[Address, int], ...]:
    """(spender, units) of each approval of the leg, in order."""
    found = []
    for call in leg.calls:
        if call.data[:4] == selector(APPROVE):
            spender, units = decode_call(APPROVE, call.data)
            found.append((to_address(spender), int(units)))
    return tuple(found)


# ------------------------------------------------------------------------------------ cost
def leg_cost(
    *, quote: Quote, sell: Holding, buy: Holding, gas: GasPrice, before: CostEstimate
) -> CostEstimate:
    """The engine's estimate with gas, fee and impact replaced by what the quote says. Impact is all
    that is missing to fair value beside the fee, and never less than what the trade's own size
    costs by the pools' exact maths: a market that stands better than fair value does not hide
    that."""
    given = value_usd(units=quote.sell_units, decimals=sell.decimals, price_usd=sell.price_usd)
    got = value_usd(units=quote.buy_units, decimals=buy.decimals, price_usd=buy.price_usd)
    fee = bps_of(value=given, bps=quote.fee_bps)
    own = bps_of(value=given - fee, bps=quote.impact_bps or Decimal(0))
    return replace(
        before,
        gas_usd=quantize_usd(gas.cost_usd(quote.gas_units)),
        fee_usd=quantize_usd(fee),
        impact_usd=quantize_usd(max(given - got - fee, own)),
    )


def trade_of(leg: Leg) -> Trade:
    """What a leg does, as the engine says it."""
    return Trade(
        sell=leg.sell,
        buy=leg.buy,
        venue=leg.venue,
        sell_units=leg.sell_units,
        expected_buy_units=leg.expected_buy_units,
        value_usd=leg.value_usd,
        cost=leg.cost,
        lots=leg.lots,
    )
