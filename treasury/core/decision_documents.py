"""A decision's inputs from a document, and the decision as one: no database, no chain.

Two forms are read. The canonical `DecisionInputs`, as stored and replayed; and one to write by
hand: `policy`, `timestamp`, `holdings`, `gas`, `pairs`, and where they matter `tier`, `lots`,
`allowances`, `halts`, `price_gaps`, `state` and `observed` (whose addresses are spelled as in the
policy). In that one the rest has defaults, and addresses
take the policy's spelling. What is wrong is named with its place and the remedy (`RevivalError`).
Not done: symbols instead of addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from decimal import Decimal
from typing import Any, TypeVar

from treasury.core.canonical import plain
from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    HaltNotice,
    PriceGap,
    RemainingAllowance,
    TriggerState,
    decision_digest,
)
from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import PolicyDocumentError, parse_policy, policy_hash
from treasury.core.revival import RevivalError, revive
from treasury.core.triggering.observed import (
    UNOBSERVED,
    UNREMEMBERED,
    Observed,
    TriggerMemory,
)
from treasury.core.types import (
    Address,
    BlockRef,
    GasPrice,
    Holding,
    LotState,
    PairCost,
    Portfolio,
)

TOKEN_DECIMALS_MAX = 77
"""10^77 < 2^256: a whole token of more decimals could not exist."""
UNITS_LIMIT = 2**256
USD_LIMIT = Decimal(10) ** 30
"""Far above any price or value, and low enough that no product loses a digit."""

T = TypeVar("T")
Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OwnState:
    """What is known of earlier rebalances. `treasury_nav_usd` None: the holdings are all there
    is."""

    latest_evaluation_at: int | None = None
    latest_proposal_at: int | None = None
    latest_rebalance_at: int | None = None
    turnover_in_window_usd: Decimal = Decimal(0)
    treasury_nav_usd: Decimal | None = None
    forced_reason: str | None = None
    latest_full_reset_at: int | None = None
    policy_since: int | None = None
    memory: TriggerMemory = UNREMEMBERED


@dataclass(frozen=True, slots=True)
class OwnData:
    """The form to write by hand, without its policy. `timestamp` is the decision's "now"."""

    timestamp: int
    holdings: tuple[Holding, ...]
    gas: GasPrice
    pairs: tuple[PairCost, ...]
    tier: str = "own"
    lots: tuple[LotState, ...] = ()
    allowances: tuple[RemainingAllowance, ...] = ()
    halts: tuple[HaltNotice, ...] = ()
    price_gaps: tuple[PriceGap, ...] = ()
    state: OwnState = OwnState()
    observed: Observed = UNOBSERVED


def parse_inputs(document: object) -> DecisionInputs:
    """The inputs of either form; the first problem found is raised."""
    if not isinstance(document, Mapping):
        raise RevivalError(
            pointer="",
            message=f"expected an object, found {type(document).__name__}; "
            'write one with "policy" and "holdings"',
        )
    canonical = "portfolio" in document
    inputs = _stored(document) if canonical else _own(document)
    for pointer, message in _problems(inputs):
        raise RevivalError(pointer=pointer if canonical else _own_place(pointer), message=message)
    return inputs if canonical else replace(inputs, portfolio=_sorted(inputs.portfolio))


def decision_document(*, inputs: DecisionInputs, decision: Decision) -> dict[str, Any]:
    """The decision as JSON types, with the digest under which the service records it."""
    return {**plain(decision), "digest": decision_digest(inputs=inputs, decision=decision)}


def _stored(document: Mapping[str, Any]) -> DecisionInputs:
    inputs = revive(DecisionInputs, document)
    _policy(document["policy"])  # a revived policy can still contradict itself
    return inputs


def _policy(document: Any) -> TierPolicy:
    try:
        return parse_policy(document)
    except PolicyDocumentError as error:
        raise RevivalError(pointer=f"/policy{error.pointer}", message=error.message) from error


# ------------------------------------------------------------------------------- written by hand
def _own(document: Mapping[str, Any]) -> DecisionInputs:
    """Holdings stay in the order of the document, so that a problem has its place there."""
    if "policy" not in document:
        raise RevivalError(pointer="/policy", message="missing field; add the policy document")
    policy = _policy(document["policy"])
    data = _own_data({name: item for name, item in document.items() if name != "policy"})
    spelling = {target.asset.lower(): target.asset for target in policy.targets}
    portfolio = Portfolio(
        block=BlockRef(number=0, hash="0x" + 64 * "0", timestamp=data.timestamp),
        holdings=_spelled(data.holdings, spelling, "asset"),
    )
    state = data.state
    nav_usd = state.treasury_nav_usd
    return DecisionInputs(
        tier=data.tier,
        policy=policy,
        policy_hash=policy_hash(policy),
        portfolio=portfolio,
        treasury_nav_usd=portfolio.nav_usd if nav_usd is None else nav_usd,
        trigger_state=TriggerState(
            latest_evaluation_at=state.latest_evaluation_at,
            latest_proposal_at=state.latest_proposal_at,
            latest_rebalance_at=state.latest_rebalance_at,
            latest_full_reset_at=state.latest_full_reset_at,
            policy_since=state.policy_since,
            memory=state.memory,
        ),
        turnover_in_window_usd=state.turnover_in_window_usd,
        lots=_spelled(data.lots, spelling, "asset"),
        pairs=_spelled(data.pairs, spelling, "sell", "buy"),
        gas=data.gas,
        price_gaps=_spelled(data.price_gaps, spelling, "asset"),
        allowances=_spelled(data.allowances, spelling, "asset"),
        halts=data.halts,
        forced_reason=state.forced_reason,
        observed=data.observed,
    )


def _own_data(document: Mapping[str, Any]) -> OwnData:
    filled = _filled(OwnData, document)
    filled["state"] = _filled(OwnState, filled["state"])
    if isinstance(filled["lots"], Sequence):
        filled["lots"] = [
            {"sequence": index, **lot} if isinstance(lot, Mapping) else lot
            for index, lot in enumerate(filled["lots"])
        ]
    return revive(OwnData, filled)


def _filled(cls: Any, document: Any) -> Any:
    """The document with the defaults of the fields that it lacks."""
    if not isinstance(document, Mapping):
        return document
    defaults = {
        field.name: plain(field.default) for field in fields(cls) if field.default is not MISSING
    }
    return {**defaults, **document}


def _spelled(items: tuple[T, ...], spelling: Mapping[str, Address], *names: str) -> tuple[T, ...]:
    """Addresses as the policy writes them: checksum or lower case must not make two assets."""
    changed: list[T] = []
    for item in items:
        given = {name: getattr(item, name) for name in names}
        written = {name: spelling.get(asset.lower(), asset) for name, asset in given.items()}
        changed.append(replace(item, **written))  # type: ignore[type-var]  # all are dataclasses
    return tuple(changed)


def _own_place(pointer: str) -> str:
    if pointer.startswith("/portfolio/holdings"):
        return pointer.removeprefix("/portfolio")
    if pointer in {"/turnover_in_window_usd", "/treasury_nav_usd"}:
        return f"/state{pointer}"
    return pointer


def _sorted(portfolio: Portfolio) -> Portfolio:
    ordered = sorted(portfolio.holdings, key=lambda holding: holding.asset)
    return replace(portfolio, holdings=tuple(ordered))


# -------------------------------------------------------------------------------------- problems
def _problems(inputs: DecisionInputs) -> Iterator[Problem]:
    """What the engine may take for granted and a document can get wrong."""
    for index, holding in enumerate(inputs.portfolio.holdings):
        place = f"/portfolio/holdings/{index}"
        yield from _range(f"{place}/decimals", holding.decimals, TOKEN_DECIMALS_MAX + 1)
        yield from _range(f"{place}/units", holding.units, UNITS_LIMIT)
        yield from _range(f"{place}/price_usd", holding.price_usd, USD_LIMIT)
    held = [holding.asset for holding in inputs.portfolio.holdings]
    yield from _distinct("/portfolio/holdings", "asset", held)
    for index, pair in enumerate(inputs.pairs):
        place = f"/pairs/{index}"
        yield from _range(f"{place}/fee_bps", pair.fee_bps, USD_LIMIT)
        yield from _range(f"{place}/gas_units", pair.gas_units, UNITS_LIMIT)
        if pair.depth_usd is not None:
            yield from _range(f"{place}/depth_usd", pair.depth_usd, USD_LIMIT)
        if pair.depth_usd == 0:
            yield f"{place}/depth_usd", "is 0; write null when there is no price impact"
    yield from _range("/gas/base_fee_wei", inputs.gas.base_fee_wei, UNITS_LIMIT)
    yield from _range("/gas/tip_wei", inputs.gas.tip_wei, UNITS_LIMIT)
    yield from _range("/gas/native_price_usd", inputs.gas.native_price_usd, USD_LIMIT)
    yield from _range("/turnover_in_window_usd", inputs.turnover_in_window_usd, USD_LIMIT)
    yield from _range("/treasury_nav_usd", inputs.treasury_nav_usd, USD_LIMIT)
    for index, lot in enumerate(inputs.lots):
        yield from _range(f"/lots/{index}/units", lot.units, UNITS_LIMIT)
        yield from _range(f"/lots/{index}/cost_usd", lot.cost_usd, USD_LIMIT)
    yield from _distinct("/lots", "lot_ref", [lot.lot_ref for lot in inputs.lots])


def _range(pointer: str, value: int | Decimal, limit: int | Decimal) -> Iterator[Problem]:
    if value < 0:
        yield pointer, f"{value} is below 0; raise it"
    if value >= limit:
        yield pointer, f"{value} is too large; write less than {limit}"


def _distinct(pointer: str, name: str, values: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield f"{pointer}/{index}/{name}", f"{value} appears twice; remove one"
        seen.add(value)
