"""How a trade may go through markets: which ways are looked for, and over how many it is split."""

from __future__ import annotations

from fractions import Fraction

from execution.core.pools.paths import find_paths
from execution.core.pools.splitting import Terms, best_parts
from tests.unit.engine.every_field.case import Case
from tests.unit.engine.tiers import policy
from tests.unit.execution.pools.samples import HIGH, LOW, MIDDLE, pool
from treasury.core.policies import RoutingRules, TierPolicy

L = 10**22
POOLS = (
    pool(LOW, HIGH, (L, None)),
    pool(LOW, MIDDLE, (L, None), fee=100),
    pool(MIDDLE, HIGH, (100 * L, None), fee=500, sqrt_price=2**96),
)
UNITS = 10**20


def ways(rules: TierPolicy) -> list[tuple[int, ...]]:
    """The pool fees of every way that is looked for."""
    return [path.fees for path in find_paths(POOLS, LOW, HIGH, max_hops=rules.routing.max_hops)]


def parts(rules: TierPolicy) -> int:
    terms = Terms(rules.routing.max_parts, 1, Fraction(0))
    return len(best_parts(find_paths(POOLS, LOW, HIGH, max_hops=2), UNITS, terms))


CASES = (
    Case(
        "RoutingRules.max_hops",
        policy(routing=RoutingRules(max_hops=2)),
        ways,
        [(3000,)],
        [(3000,), (100, 500)],
    ),
    Case("RoutingRules.max_parts", policy(routing=RoutingRules(max_parts=2)), parts, 1, 2),
)
