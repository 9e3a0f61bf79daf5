"""From an authorisation to bytes on their way. Intent is written before anything is sent.

start_transaction -> EXEC_INTENT; build_attempt reads the chain, simulates, quotes and signs
without writing; store_attempt writes the signed bytes -> SIGNED_RAW; broadcast commits BROADCAST
first and then sends, so that a crash never leaves sent bytes that we believe unsent. Every
version of an intent takes the same EOA nonce. The only importer of the signer.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from execution.adapters import ethereum, safe
from execution.adapters.signer import Signer, UnsignedTransaction, open_signer
from execution.core import planning, safe_tx
from execution.core.lifecycle import ACTIVE, TransactionState
from execution.core.limits.fees import FeeCapError, capped_fees
from execution.core.slippage import is_below_bound
from execution.core.types import (
    Authorization,
    ExecutionPlan,
    Mechanism,
    QuoteRequest,
    Simulation,
)
from execution.models import Attempt, Plan, SafeTransactionStatus, Transaction
from execution.selectors.conformity import plan_findings
from execution.selectors.plans import decision_inputs, fields_of, plan_value
from execution.selectors.transactions import (
    attempts_at_nonce,
    is_rejection,
    safe_transaction_by_id,
    transaction_by_id,
)
from execution.selectors.treasuries import TreasuryView, treasury_view
from execution.services.confirming import pack_exactly, revalidate
from execution.services.quoting import UnableToQuoteError, best_units
from execution.services.sending import (
    SignedAttempt,
    SubmissionRefusedError,
    broadcast,
    cancel_unsent,
    store_attempt,
    store_bump,
)
from execution.services.simulating import (
    PlanRefusedError,
    require_pinned_code,
    try_call,
    try_empty_call,
)
from treasury.adapters.rpc import Rpc
from treasury.core.types import Actor, Address, BlockRef
from treasury.services.record import record_audit

GAS_MARGIN_PERCENT = 30
PLAN_LOCK = 7601  # first number of the advisory lock's key
BUMP_PERCENT = 13  # nodes want 10 at least, and both fees raised
__all__ = [
    "SignedAttempt",
    "SubmissionRefusedError",
    "broadcast",
    "build_attempt",
    "build_bump",
    "bump_fees",
    "cancel_unsent",
    "start_transaction",
    "store_attempt",
    "store_bump",
]


# ------------------------------------------------------------------------------------ intent
def start_transaction(
    *,
    plan_id: int,
    safe_transaction_id: int | None,
    authorization: Authorization,
    actor: Actor,
    block: BlockRef,
) -> Transaction:
    """EXEC_INTENT, in the caller's transaction. The plan must be the authorised one, in time,
    and not executed or under way already."""
    one_start_at_a_time(plan_id)
    row = Plan.objects.get(id=plan_id)
    plan = plan_value(row)
    _require_authorized(row, plan, authorization, block)
    states = set(row.transactions.values_list("state", flat=True))
    if states & (ACTIVE | {TransactionState.RECONCILED}):
        raise SubmissionRefusedError("already_started", "this plan is executed or under way")
    to, data = _unsigned_call(plan, safe_transaction_id)
    started = Transaction.objects.create(
        plan=row,
        safe_transaction_id=safe_transaction_id,
        mechanism=row.mechanism,
        plan_digest=row.digest,
        authorization_expires_at=authorization.expires_at,
        to=to,
        data=data,
    )
    record_audit(
        actor=actor,
        action="transaction.started",
        object_type="transaction",
        object_id=started.public_id,
        block=block,
        after={"plan_digest": row.digest, "mechanism": row.mechanism},
    )
    return started


def one_start_at_a_time(plan_id: int) -> None:
    """Until the caller's transaction ends. Plans are append-only, so the service has no right to
    lock their rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PLAN_LOCK, plan_id % 2**31])


def _require_authorized(
    row: Plan, plan: ExecutionPlan, authorization: Authorization, block: BlockRef
) -> None:
    if authorization.plan_digest != row.digest or planning.plan_digest(plan) != row.digest:
        raise SubmissionRefusedError("other_plan", "the authorisation is for another plan")
    if authorization.mechanism != plan.mechanism:
        raise SubmissionRefusedError("other_mechanism", f"authorised: {authorization.mechanism}")
    if block.timestamp >= min(authorization.expires_at, plan.expires_at):
        raise SubmissionRefusedError("expired", "the deadline has passed; propose again")


def _unsigned_call(plan: ExecutionPlan, safe_transaction_id: int | None) -> tuple[Address, bytes]:
    """What the executor will call. Signatures are put in when the attempt is built."""
    if planning.signing_safe(plan) is None:
        if safe_transaction_id is not None:
            raise SubmissionRefusedError("other_mechanism", "no Safe signs for this plan")
        return planning.role_target(plan), planning.role_call(plan)
    if safe_transaction_id is None:
        raise SubmissionRefusedError("not_opened", "the plan has no Safe transaction")
    stx = safe_transaction_by_id(safe_transaction_id)
    fields = fields_of(stx)
    if stx.parent_id is not None or fields != planning.safe_tx_fields(plan, stx.nonce):
        raise SubmissionRefusedError("other_plan", "the Safe transaction is of another plan")
    if stx.status != SafeTransactionStatus.ACTIVE:
        raise SubmissionRefusedError("slot_lost", f"the Safe transaction is {stx.status}")
    return fields.safe, safe_tx.exec_transaction(fields, b"")


# ------------------------------------------------------------------------------------ signing
def build_attempt(
    *,
    transaction_id: int,
    block: BlockRef,
    rpc_url: str,
    max_fee_per_gas_wei: int,
    max_slippage_bps: int,
) -> SignedAttempt:
    """Everything is asked again at `block`: deadline, owners and signatures, exactly these bytes in
    simulation, fresh quotes against the signed minimum, fees against the cap. A rejection has no
    quotes; it must change nothing. Writes nothing."""
    row = transaction_by_id(transaction_id)
    if row.state != TransactionState.EXEC_INTENT:
        raise SubmissionRefusedError("other_state", f"the transaction is {row.state}")
    plan, view = plan_value(row.plan), treasury_view(row.plan.tier)
    if block.timestamp >= min(plan.expires_at, row.authorization_expires_at):
        raise SubmissionRefusedError("expired", "the deadline has passed; propose again")
    signer = _signer(view)
    with ethereum.connect(rpc_url) as rpc:
        _require_chain(rpc, view)
        _require_sound(row)
        require_pinned_code(rpc, block)
        to, data = _signed_call(rpc, row, plan, signer, block)
        if is_rejection(row):
            simulation = _require(try_empty_call(rpc, view, block, to=to, data=data))
        else:
            _require_fair_minimum(rpc, row, plan, block, max_slippage_bps)
            simulation = _require_simulation(rpc, plan, view, block, to, data)
        fees = _fees(rpc, block, max_fee_per_gas_wei)
        nonce = ethereum.transaction_count(rpc, view.executor, None)
        # Bytes that were signed and given up stay on record: no two attempts are the same bytes.
        gas_limit = simulation.gas_used * (100 + GAS_MARGIN_PERCENT) // 100
        gas_limit += attempts_at_nonce(executor=view.executor, eoa_nonce=nonce)
        _require_gas_money(rpc, view, gas_limit * fees[0])
    return _sign(signer, row.id, view, (to, data), nonce, gas_limit, fees, simulation)


def _require_sound(row: Transaction) -> None:
    """The last look before bytes are signed: whatever the layers above have looked at. A rejection
    is judged by itself; it stops the plan, so a plan that was changed does not hold it up."""
    if row.safe_transaction is not None and is_rejection(row):
        fields = fields_of(row.safe_transaction)
        if fields != planning.rejection_fields(fields) or (
            safe_tx.safe_tx_hash(fields) != row.safe_transaction.safe_tx_hash
        ):
            raise SubmissionRefusedError("tampered", "the rejection does more than reject")
        return
    violations = plan_findings(row.plan).violations
    if violations:
        raise SubmissionRefusedError("tampered", "; ".join(map(str, violations))[:280])


def _signer(view: TreasuryView) -> Signer:
    signer = open_signer(
        chain_id=view.chain_id,
        key=getattr(settings, "EXECUTOR_KEY", ""),
        keyfile=getattr(settings, "EXECUTOR_KEYFILE", ""),
        password=getattr(settings, "EXECUTOR_KEYFILE_PASSWORD", ""),
    )
    if signer.address != view.executor:
        raise SubmissionRefusedError("other_key", f"the key is not the executor {view.executor}")
    return signer


def _require_chain(rpc: Rpc, view: TreasuryView) -> None:
    found = rpc.chain_id()
    if found != view.chain_id:
        raise SubmissionRefusedError("other_chain", f"the node is on chain {found}")


def _signed_call(
    rpc: Rpc, row: Transaction, plan: ExecutionPlan, signer: Signer, block: BlockRef
) -> tuple[Address, bytes]:
    if row.safe_transaction is None:
        return planning.role_target(plan), planning.role_call(plan)
    stx = safe_transaction_by_id(row.safe_transaction.id)
    fields = fields_of(stx)
    state, valid = revalidate(rpc, stx, block)
    if state.nonce != fields.nonce:
        waits = state.nonce < fields.nonce
        detail = f"the Safe is at nonce {state.nonce}, this transaction has {fields.nonce}"
        raise SubmissionRefusedError("nonce", detail, retryable=waits)
    if plan.mechanism is Mechanism.ROLES:
        if not valid:
            raise SubmissionRefusedError("not_confirmed", "the operator has not confirmed")
        own = signer.sign_safe_hash(stx.safe_tx_hash)
        valid = (*valid, safe.OwnerSignature(signer.address, "EOA", own))
    signatures = pack_exactly(valid, state, fields)
    if not signatures:
        detail = f"{len(valid)} of {state.threshold} valid confirmations"
        raise SubmissionRefusedError("not_confirmed", detail)
    return fields.safe, safe_tx.exec_transaction(fields, signatures)


def _require_fair_minimum(
    rpc: Rpc, row: Transaction, plan: ExecutionPlan, block: BlockRef, max_slippage_bps: int
) -> None:
    """Each signed minimum against what the same venue would give now."""
    treasury_id = row.plan.tier.treasury_id
    policy = decision_inputs(row.plan.decision).policy
    venues = policy.venues
    by_role = plan.mechanism is Mechanism.ROLES
    most_hops = 1 if by_role else policy.routing.max_hops
    for leg in plan.legs:
        request = QuoteRequest(leg.sell, leg.buy, leg.sell_units, leg.safe)
        wanted = venues if leg.venue in venues else (leg.venue,)
        try:
            fresh = best_units(
                rpc, request, treasury_id, wanted, block, most_hops=most_hops, by_role=by_role
            )
        except UnableToQuoteError as refused:
            raise SubmissionRefusedError("no_quote", str(refused), retryable=True) from refused
        if is_below_bound(
            min_units=leg.min_buy_units, fresh_units=fresh, max_slippage_bps=max_slippage_bps
        ):
            detail = (
                f"leg {leg.index} would accept {leg.min_buy_units} units where the market gives "
                f"{fresh}: more than {max_slippage_bps} bps below; plan again"
            )
            raise SubmissionRefusedError("minimum_too_low", detail)


def _require_simulation(
    rpc: Rpc, plan: ExecutionPlan, view: TreasuryView, block: BlockRef, to: Address, data: bytes
) -> Simulation:
    try:
        simulation = try_call(rpc, plan, view, block, to=to, data=data)
    except PlanRefusedError as refused:
        raise SubmissionRefusedError("refused", str(refused)) from refused
    return _require(simulation)


def _require(simulation: Simulation) -> Simulation:
    if not simulation.ok:
        raise SubmissionRefusedError("simulation", simulation.error)
    return simulation


def _fees(rpc: Rpc, block: BlockRef, cap_wei: int) -> tuple[int, int]:
    found = ethereum.fees(rpc, block)
    try:
        return capped_fees(base_fee_wei=found.base_fee_wei, tip_wei=found.tip_wei, cap_wei=cap_wei)
    except FeeCapError as error:
        raise SubmissionRefusedError("fee_cap", str(error), retryable=True) from error


def _require_gas_money(rpc: Rpc, view: TreasuryView, needed_wei: int) -> None:
    held = ethereum.native_balance(rpc, view.executor, None)
    if held < needed_wei:
        detail = f"the executor holds {held} wei, {needed_wei} may be needed; top it up"
        raise SubmissionRefusedError("gas_money", detail, retryable=True)


def _sign(
    signer: Signer,
    transaction_id: int,
    view: TreasuryView,
    call: tuple[Address, bytes],
    nonce: int,
    gas_limit: int,
    fees: tuple[int, int],
    simulation: Simulation,
) -> SignedAttempt:
    to, data = call
    signed = signer.sign_transaction(
        UnsignedTransaction(view.chain_id, nonce, to, data, gas_limit, fees[0], fees[1])
    )
    return SignedAttempt(
        transaction_id=transaction_id,
        chain_id=view.chain_id,
        executor=view.executor,
        eoa_nonce=nonce,
        to=to,
        data=data,
        raw=signed.raw,
        tx_hash=signed.tx_hash,
        max_fee_per_gas_wei=fees[0],
        max_priority_fee_per_gas_wei=fees[1],
        gas_limit=gas_limit,
        simulation=simulation,
    )


# ------------------------------------------------------------------------------------ stuck
def build_bump(
    *, transaction_id: int, block: BlockRef, rpc_url: str, max_fee_per_gas_wei: int
) -> SignedAttempt:
    """The same call with the same EOA nonce and both fees raised by an eighth, never above the cap.
    Writes nothing; whichever version is mined, the others can never be."""
    row = transaction_by_id(transaction_id)
    if row.state not in (TransactionState.BROADCAST, TransactionState.UNKNOWN):
        raise SubmissionRefusedError("other_state", f"the transaction is {row.state}")
    attempt = Attempt.objects.get(transaction_id=transaction_id, is_current=True)
    view = treasury_view(row.plan.tier)
    signer = _signer(view)
    with ethereum.connect(rpc_url) as rpc:
        _require_chain(rpc, view)
        if ethereum.transaction_count(rpc, view.executor, block) > attempt.eoa_nonce:
            raise SubmissionRefusedError("mined", "the nonce is used already: track first")
        found = ethereum.fees(rpc, block)
    tip = max(_raised(attempt.max_priority_fee_per_gas_wei), found.tip_wei)
    fee = max(_raised(attempt.max_fee_per_gas_wei), 2 * found.base_fee_wei + tip)
    least = _raised(attempt.max_fee_per_gas_wei)
    if least > max_fee_per_gas_wei:
        raise SubmissionRefusedError("fee_cap", f"{least} wei is above the cap", retryable=True)
    fees = (min(fee, max_fee_per_gas_wei), min(tip, max_fee_per_gas_wei))
    call = (Address(row.to), bytes(row.data))
    simulation = Simulation(True, block, row.gas_used or 0, ())
    return _sign(signer, row.id, view, call, attempt.eoa_nonce, attempt.gas_limit, fees, simulation)


def bump_fees(
    *, transaction_id: int, block: BlockRef, rpc_url: str, max_fee_per_gas_wei: int
) -> Attempt:
    """Build and store a replacement; `broadcast` sends it. Halts are the caller's to read first."""
    signed = build_bump(
        transaction_id=transaction_id,
        block=block,
        rpc_url=rpc_url,
        max_fee_per_gas_wei=max_fee_per_gas_wei,
    )
    return store_bump(transaction_id=transaction_id, signed=signed, block=block)


def _raised(wei: int) -> int:
    return -(-wei * (100 + BUMP_PERCENT) // 100)
