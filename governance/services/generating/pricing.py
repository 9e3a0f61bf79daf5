"""From what a decision wants to what a proposal would do: real quotes, the cost gate, the route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from execution.core.types import Quote
from execution.selectors.transactions import turnover_usd
from execution.services.quoting import Quoted, quote_trades, store_quotes
from governance.core.intents import intent_key
from governance.core.routing import RouteDecision, RouteKind, route
from governance.models import User
from governance.selectors.halts import open_halts
from governance.services import halts
from governance.services.generating.context import Gathered
from governance.services.generating.gate import keep_what_pays
from treasury.core.decisions import Decision, DecisionInputs, Trade
from treasury.core.types import Actor, Address, BlockRef


@dataclass(frozen=True, slots=True)
class Case:
    """One evaluation on its way to a proposal."""

    tier: Any
    version: Any
    block: BlockRef
    decision_row: Any
    inputs: DecisionInputs
    decision: Decision
    gathered: Gathered
    actor: Actor
    author: User | None
    rpc_url: str

    @property
    def tier_name(self) -> str:
        return f"{self.tier.treasury.name}/{self.tier.name}"

    @property
    def key(self) -> str:
        return intent_key(
            tier=self.tier_name,
            policy_hash=self.version.document_hash,
            trigger=self.decision.trigger.kind,
            block_hash=self.block.hash,
        )


@dataclass(frozen=True, slots=True)
class Priced:
    """What is left after the gate, with its route; `others` are the quotes that were not taken."""

    trades: tuple[Trade, ...]
    quotes: tuple[Quote, ...]
    others: tuple[Quote, ...]
    routed: RouteDecision

    @property
    def value_usd(self) -> Decimal:
        return sum((trade.value_usd for trade in self.trades), Decimal(0))

    @property
    def cost_usd(self) -> Decimal:
        return sum((trade.cost.total_usd for trade in self.trades), Decimal(0))


def price(case: Case) -> Priced | None:
    """Real quotes, the cost gate on them, the route for what is left. What owners decide may go
    ways that no role allows; when too little is left for them, the role's ways are asked for."""
    by_role = _route(case, case.decision.trades).route is not RouteKind.MULTISIG
    quoted = _quote(case, by_role=by_role)
    priced = _gate(case, quoted)
    is_for_owners = priced is None or priced.routed.route is RouteKind.MULTISIG
    if not is_for_owners and any(quote.onward for quote in quoted.quotes):
        quoted = _quote(case, by_role=True)
        priced = _gate(case, quoted)
    store_quotes(decision_id=case.decision_row.pk, quoted=quoted)
    return priced


def _quote(case: Case, *, by_role: bool) -> Quoted:
    return quote_trades(
        decision_id=case.decision_row.pk,
        trades=case.decision.trades,
        safe=Address(case.tier.safe.address),
        block=case.block,
        rpc_url=case.rpc_url,
        by_role=by_role,
    )


def _gate(case: Case, quoted: Quoted) -> Priced | None:
    """What pays for itself, with its route; None when nothing does."""
    gated = keep_what_pays(inputs=case.inputs, trades=quoted.trades, quotes=quoted.quotes)
    if not gated.trades:
        return None
    return Priced(gated.trades, gated.quotes, quoted.others, _route(case, gated.trades))


def _route(case: Case, trades: Sequence[Trade]) -> RouteDecision:
    escalation = case.inputs.policy.escalation
    return route(
        policy=case.inputs.policy,
        value_usd=sum((trade.value_usd for trade in trades), Decimal(0)),
        nav_usd=case.inputs.treasury_nav_usd,
        turnover_usd=turnover_usd(
            tier_id=case.tier.pk, since=escalation.turnover_since(case.block.timestamp)
        ),
        strategic=False,
        limits_match=case.gathered.limits_match,
        level=halts.level_of(open_halts(treasury_id=case.tier.treasury_id, tier_id=case.tier.pk)),
    )
