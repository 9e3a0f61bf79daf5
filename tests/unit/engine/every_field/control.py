"""Which people a proposal needs, and what they are asked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from governance.core.routing import route
from governance.core.scrutiny import needs_question
from tests.unit.engine.every_field.case import Case, See
from tests.unit.engine.tiers import policy
from treasury.core.policies import Mode, TierPolicy


def routed(value_usd: int = 60_000) -> See:
    """The route of a proposal of that value in a treasury of 10 million, nothing else moving."""
    return lambda rules: (
        route(
            policy=rules,
            value_usd=Decimal(value_usd),
            nav_usd=Decimal(10**7),
            turnover_usd=Decimal(0),
            strategic=False,
            limits_match=True,
            level=None,
        ).route.value
    )


def asked(rules: TierPolicy) -> bool:
    limit = rules.review.question_value_usd
    return needs_question((), value_usd=Decimal(60_000), limit_usd=limit)


CASES = (
    Case(
        "TierPolicy.mode",
        policy(mode=Mode.AUTOMATIC),
        routed(),
        "OPERATOR",
        "AUTOMATIC",
    ),
    Case(
        "TierPolicy.operator_safe",
        policy(mode=Mode.AUTOMATIC, operator_safe=True),
        routed(),
        "AUTOMATIC",
        "OPERATOR",
        base=policy(mode=Mode.AUTOMATIC),
    ),
    Case(
        "Escalation.value_usd",
        policy(escalation=replace(policy().escalation, value_usd=Decimal(60_000))),
        routed(),
        "OPERATOR",
        "MULTISIG",
    ),
    Case(  # 60 bps of the treasury
        "Escalation.nav_share_bps",
        policy(escalation=replace(policy().escalation, nav_share_bps=50)),
        routed(),
        "OPERATOR",
        "MULTISIG",
    ),
    Case(
        "Escalation.turnover_usd",
        policy(escalation=replace(policy().escalation, turnover_usd=Decimal(50_000))),
        routed(),
        "OPERATOR",
        "MULTISIG",
    ),
    Case(
        "Escalation.strategic",
        policy(escalation=replace(policy().escalation, strategic=True)),
        routed(),
        "OPERATOR",
        "MULTISIG",
    ),
    Case(
        "ReviewRules.question_value_usd",
        policy(review=replace(policy().review, question_value_usd=Decimal(50_000))),
        asked,
        before=False,
        after=True,
    ),
)
