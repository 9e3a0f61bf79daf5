"""What an event means for people: its topic, the facts of the message, and whom it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from governance.core.telling.topics import Happening, Topic, topic_of
from governance.core.telling.words import Facts
from governance.models import Halt, Proposal, Route, User
from governance.selectors.proposals import all_proposals
from treasury.core.types import Address
from treasury.selectors.portfolio import asset_by_address, tiers

if TYPE_CHECKING:
    from treasury.models import OutboxEvent


@dataclass(frozen=True, slots=True)
class Telling:
    """`tier_id` None: the whole treasury. `named` are people whom the event itself names."""

    topic: Topic
    facts: Facts
    treasury_id: int
    object_id: str = ""
    tier_id: int | None = None
    author_id: int | None = None
    named: frozenset[int] = frozenset()


def telling_of(event: OutboxEvent) -> Telling | None:
    """None when nobody in particular is concerned. Reads rows as they are now: a message says
    where things stand, the event what happened."""
    proposal = _proposal(event.payload)
    topic = topic_of(
        Happening(
            kind=event.kind,
            state=str(event.payload.get("state", "")),
            outcome=str(event.payload.get("outcome", "")),
            is_multisig=proposal is not None and proposal.route == Route.MULTISIG,
        )
    )
    if topic is None:
        return None
    plain = Telling(
        topic=topic,
        facts=Facts(treasury=event.treasury.name),
        treasury_id=event.treasury_id,
        named=_named(event.payload),
    )
    if proposal is not None:
        return _of_proposal(plain, proposal, event.payload)
    return DETAILS.get(topic, _of_anything)(plain, event.payload)


def _proposal(payload: Mapping[str, Any]) -> Proposal | None:
    if "proposal" in payload:
        return all_proposals().filter(public_id=payload["proposal"]).first()
    if "transaction" in payload:
        return all_proposals().filter(transaction__public_id=payload["transaction"]).first()
    return None


def _named(payload: Mapping[str, Any]) -> frozenset[int]:
    names = payload.get("people", ())
    return frozenset(User.objects.filter(public_id__in=names).values_list("pk", flat=True))


def _of_proposal(plain: Telling, proposal: Proposal, payload: Mapping[str, Any]) -> Telling:
    facts = replace(
        plain.facts,
        tier=proposal.tier.name,
        value_usd=proposal.value_usd,
        estimated_cost_usd=proposal.estimated_cost_usd,
        actual_cost_usd=proposal.actual_cost_usd,
        expires_at=None if proposal.done_at else proposal.expires_at,
        why=str(payload.get("reason") or proposal.route_reason),
        lines=tuple(str(line) for line in payload.get("lines", ())),
        path=f"/proposals/{proposal.public_id}/",
    )
    return replace(
        plain,
        facts=facts,
        object_id=proposal.public_id,
        tier_id=proposal.tier_id,
        author_id=proposal.author_id,
    )


def _of_halt(plain: Telling, payload: Mapping[str, Any]) -> Telling:
    halt = (
        Halt.objects.filter(public_id=payload.get("halt"))
        .select_related("scope__tier", "scope__treasury")
        .first()
    )
    if halt is None:
        return plain
    tier = halt.scope.tier
    lines = [f"Level: {halt.level}", f"Value: {halt.value}", f"Limit: {halt.limit}"]
    facts = replace(
        plain.facts,
        tier=tier.name if tier else "",
        name=halt.breaker,
        why=halt.close_reason if halt.closed_at else halt.reason,
        lines=tuple(lines),
        path="/monitoring/",
    )
    return replace(plain, facts=facts, object_id=halt.public_id, tier_id=tier.pk if tier else None)


def _of_breaker(plain: Telling, payload: Mapping[str, Any]) -> Telling:
    """`tier` is empty where the whole treasury is concerned."""
    tier = tiers(plain.treasury_id).filter(public_id=payload.get("tier") or "").first()
    facts = replace(
        plain.facts,
        tier=tier.name if tier else "",
        name=str(payload.get("breaker", "")),
        why=str(payload.get("reason", "")),
        lines=(f"Value: {payload.get('value')}", f"Limit: {payload.get('limit')}"),
        path="/monitoring/",
    )
    return replace(plain, facts=facts, tier_id=tier.pk if tier else None)


def _of_break(plain: Telling, payload: Mapping[str, Any]) -> Telling:
    asset = None
    if payload.get("asset"):
        asset = asset_by_address(
            treasury_id=plain.treasury_id, address=Address(str(payload["asset"]))
        )
    decimals, symbol = (asset.decimals, asset.symbol) if asset else (0, "units")
    expected, actual = (
        f"{Decimal(int(payload.get(name, 0))).scaleb(-decimals):,f} {symbol}"
        for name in ("expected_units", "actual_units")
    )
    lines = (
        f"Holder: {payload.get('holder', '')}",
        f"The books say: {expected}",
        f"The chain holds: {actual}",
    )
    facts = replace(plain.facts, lines=lines, path="/execution/")
    return replace(plain, facts=facts, object_id=str(payload.get("break", "")))


def _of_policy(plain: Telling, payload: Mapping[str, Any]) -> Telling:
    tier = tiers(plain.treasury_id).filter(public_id=payload.get("tier")).first()
    if tier is None:
        return plain
    facts = replace(
        plain.facts,
        tier=tier.name,
        lines=(f"Version: {payload.get('number')}", f"Hash: {payload.get('policy_hash')}"),
        path=f"/tiers/{tier.public_id}/",
    )
    return replace(plain, facts=facts, object_id=str(payload.get("id", "")), tier_id=tier.pk)


def _of_anything(plain: Telling, payload: Mapping[str, Any]) -> Telling:
    """What the event says by itself, as far as it says it in words."""
    facts = replace(
        plain.facts,
        name=str(payload.get("name", "")),
        why=str(payload.get("reason", "")),
        lines=tuple(str(line) for line in payload.get("lines", ())),
    )
    return replace(plain, facts=facts, object_id=str(payload.get("id", "")))


DETAILS: dict[Topic, Callable[[Telling, Mapping[str, Any]], Telling]] = {
    Topic.HALT: _of_halt,
    Topic.HALT_ENDED: _of_halt,
    Topic.NEAR_LIMIT: _of_breaker,
    Topic.BREAK: _of_break,
    Topic.POLICY: _of_policy,
}
