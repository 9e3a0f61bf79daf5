"""One tier: rules, owners, what was decided lately and why not, what was proposed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from governance.core.procedure import Step, procedure
from governance.core.wording.numbers import span
from governance.core.wording.standing import Said, TriggerLine, trigger_lines
from governance.models import TierOwner
from governance.selectors.overview.figures import (
    TierFigures,
    proposals_by_tier,
    tier_figures,
)
from governance.selectors.overview.listing import (
    Names,
    ProposalRow,
    Viewer,
    as_rows,
    named,
    visible,
)
from treasury.core.revival import READING_ERRORS
from treasury.core.risk import DAY, quarter_start
from treasury.selectors.decisions import evaluations
from treasury.selectors.standing.reading import standings
from treasury.selectors.standing.series import Sample, tier_nav_samples
from treasury.selectors.standing.shapes import Standing

EVALUATIONS = 10
PROPOSALS = 10
OWNERS_NEEDED = 2
SERIES = 90 * DAY


@dataclass(frozen=True, slots=True)
class Skipped:
    """A trade that a rule dropped, with the numbers that decided it."""

    trade: str
    value_usd: Decimal
    rule: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    rule: str
    subject: str
    inputs: tuple[tuple[str, str], ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One look at the tier, fired or not (T6); `value` and `limit` are the trigger's. What somebody
    changed past the service so that it cannot be read has no numbers."""

    public_id: str
    at: int
    block: int
    policy_number: int
    outcome: str
    is_fired: bool
    reason: str
    value: str
    limit: str
    skipped: tuple[Skipped, ...]
    rules: tuple[RuleLine, ...]
    is_readable: bool

    @property
    def triggers(self) -> tuple[TriggerLine, ...]:
        """How each trigger stood, in words."""
        return trigger_lines(
            Said(line.rule, line.subject, dict(line.inputs), line.outcome) for line in self.rules
        )


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One allowance of the role as the policy has it: the engine compares it with the chain at
    every evaluation and stops automation on a difference."""

    key: str
    symbol: str
    tokens: Decimal
    period: str
    value_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class TierPage:
    standing: Standing
    figures: TierFigures
    steps: tuple[Step, ...]
    limits: tuple[LimitLine, ...]
    owners: tuple[str, ...]
    samples: tuple[Sample, ...]
    evaluations: tuple[Evaluation, ...]
    proposals: tuple[ProposalRow, ...]

    @property
    def owners_missing(self) -> int:
        return max(0, OWNERS_NEEDED - len(self.owners))


def tier_page(viewer: Viewer, public_id: str) -> TierPage | None:
    """Ten queries; None when the viewer may see no such tier."""
    found = _find(standings(viewer.treasury_ids), public_id)
    if found is None:
        return None
    standing, tier_id = found
    now = standing.block.timestamp if standing.block else 0
    names: Names = {
        (standing.row.pk, str(line.asset)): (line.symbol, line.decimals) for line in standing.prices
    }
    proposals = proposals_by_tier(standing.row.pk, quarter_at=quarter_start(now))
    (figures,) = tier_figures(standing, proposals=proposals, with_cost=True, only=tier_id)
    tier = figures.standing
    symbols = {line.asset: line.symbol for line in tier.lines}
    rows = visible(viewer).filter(tier_id=tier_id).order_by("-pk")[:PROPOSALS]
    owners = TierOwner.objects.filter(tier_id=tier_id).order_by("user__username")
    return TierPage(
        standing=standing,
        figures=figures,
        steps=procedure(tier.policy, symbols=symbols) if tier.policy else (),
        limits=tuple(
            LimitLine(item.key, item.symbol, item.tokens, span(item.period_seconds), item.value_usd)
            for item in tier.allowances
        ),
        owners=tuple(owners.values_list("user__username", flat=True)),
        samples=tier_nav_samples(tier_ids=[tier_id], since=now - SERIES, until=now, step=DAY).get(
            tier_id, ()
        ),
        evaluations=tuple(
            _evaluation(row, standing.row.pk, names)
            for row in evaluations(tier_id=tier_id, limit=EVALUATIONS)
        ),
        proposals=as_rows(rows, viewer, names),
    )


def _find(found: Iterable[Standing], public_id: str) -> tuple[Standing, int] | None:
    for standing in found:
        for tier in standing.tiers:
            if tier.row.public_id == public_id:
                return standing, tier.row.pk
    return None


def _evaluation(row: Any, treasury_id: int, names: Names) -> Evaluation:
    def said(text: str) -> str:
        return named(text, treasury_id, names)

    bare = Evaluation(
        public_id=row.public_id,
        at=row.snapshot.block_timestamp,
        block=row.snapshot.block_number,
        policy_number=row.policy_version.number,
        outcome=row.outcome,
        is_fired=row.is_fired,
        reason=said(row.trigger_reason),
        value="",
        limit="",
        skipped=(),
        rules=(),
        is_readable=False,
    )
    try:
        return _with_numbers(bare, json.loads(row.result), said)
    except READING_ERRORS:
        return bare


def _with_numbers(
    bare: Evaluation, result: Mapping[str, Any], said: Callable[[str], str]
) -> Evaluation:
    return replace(
        bare,
        value=result["trigger"]["value"],
        limit=result["trigger"]["limit"],
        skipped=tuple(
            Skipped(
                trade=said(f"{item['sell']} for {item['buy']}"),
                value_usd=Decimal(item["value_usd"]),
                rule=item["rule"],
                value=item["value"],
                limit=item["limit"],
            )
            for item in result["skipped"]
        ),
        rules=tuple(
            RuleLine(
                rule=item["rule"],
                subject=said(item["subject"]),
                inputs=tuple((name, said(value)) for name, value in item["inputs"]),
                outcome=said(item["outcome"]),
            )
            for item in result["explanation"]
        ),
        is_readable=True,
    )
