"""Which assets there are, how far they may drift, and which of them are moved where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.unit.engine.every_field.case import Case, decided, outcome, trades, trigger
from tests.unit.engine.tiers import USD, A, B, C, pairs, policy, targets
from treasury.core.decisions import Decision
from treasury.core.policies import Band, BandKind, Group, Scope, Solver, Target
from treasury.core.types import Address

OTHER = Address("0x" + "e" * 40)
WIDE = Band(BandKind.ABSOLUTE, absolute_bps=1000, relative_bps=2000)
PAIR = Group("pair", (A, B), WIDE)
VECTOR = {"a>c": 30_000, "a>d": 20_000, "a>b": 10_000}
"""The trades of DE-11's vector, with which `tiers.inputs` starts."""


def each_target(change: Callable[[Target], Target]) -> tuple[Target, ...]:
    return tuple(change(target) for target in targets())


def only(asset: Address, change: Callable[[Target], Target]) -> tuple[Target, ...]:
    return each_target(lambda target: change(target) if target.asset == asset else target)


def groups_told(decision: Decision) -> dict[str, str]:
    """Each group with its drift."""
    return {
        told.subject: dict(told.inputs)["drift"]
        for told in decision.explanation
        if told.subject.startswith("group:")
    }


CASES = (
    Case(  # the cheapest list stops at the edges and leaves B alone
        "TierPolicy.solver",
        policy(solver=Solver.OPTIMISED),
        decided(lambda decision: set(trades(decision))),
        set(VECTOR),
        {"a>c", "a>d"},
    ),
    Case(  # an asset that nobody priced stops the decision
        "TierPolicy.targets",
        policy(targets=(*targets(), Target(OTHER, 0, WIDE))),
        decided(outcome),
        "TRADES",
        "GATED",
    ),
    Case(
        "Target.asset",
        policy(targets=only(C, lambda target: replace(target, asset=OTHER))),
        decided(lambda decision: decision.trigger.reason),
        "D is under its band",
        f"no usable price: {OTHER}: not in the snapshot",
    ),
    Case(  # 50 % of A is what is wanted then, and 28 % of B is too much
        "Target.weight_bps",
        policy(targets=targets((5000, 2000, 2000, 1000))),
        decided(lambda decision: {pair[0] for pair in trades(decision)}),
        {"a"},
        {"b"},
    ),
    Case(  # 10 points of drift are not more than 10 points, but more than 20 % of 40
        "Band.kind",
        policy(targets=targets(band=WIDE)),
        decided(trigger),
        (True, "THRESHOLD"),
        (False, "THRESHOLD"),
        base=policy(targets=targets(band=replace(WIDE, kind=BandKind.RELATIVE))),
    ),
    Case(
        "Band.absolute_bps",
        policy(targets=targets(band=replace(WIDE, absolute_bps=500))),
        decided(outcome),
        "NOT_FIRED",
        "TRADES",
        base=policy(targets=targets(band=WIDE)),
    ),
    Case(
        "Band.relative_bps",
        policy(targets=targets(band=Band(BandKind.RELATIVE, 0, 5000))),
        decided(outcome),
        "TRADES",
        "NOT_FIRED",
    ),
    Case(  # 400,000 of the settlement asset are not there to be spent
        "Target.reserve_units",
        policy(targets=targets(reserve_units=400_000 * 10**6), scope=Scope.ALL),
        decided(outcome, values=(400_000, 300_000, 200_000, 500_000)),
        "TRADES",
        "NOT_FIRED",
        base=policy(scope=Scope.ALL),
    ),
    Case(  # every pair needs USD on one side, so nothing can pass through B
        "TierPolicy.settlement_asset",
        policy(settlement_asset=B),
        decided(lambda decision: sorted(trades(decision)), pairs=pairs(through=USD)),
        ["a>d", "d>b", "d>c"],
        ["a>d"],
    ),
    Case(
        "TierPolicy.groups",
        policy(groups=(PAIR,)),
        decided(groups_told),
        {},
        {"group:pair": "800 bps"},
    ),
    Case(
        "Group.name",
        policy(groups=(replace(PAIR, name="other"),)),
        decided(groups_told),
        {"group:pair": "800 bps"},
        {"group:other": "800 bps"},
        base=policy(groups=(PAIR,)),
    ),
    Case(  # A and B are 8 points over in sum, A and C 5
        "Group.assets",
        policy(groups=(replace(PAIR, assets=(A, C)),)),
        decided(groups_told),
        {"group:pair": "800 bps"},
        {"group:pair": "500 bps"},
        base=policy(groups=(PAIR,)),
    ),
    Case(
        "TierPolicy.scope",
        policy(scope=Scope.ALL),
        decided(trades),
        VECTOR,
        {"a>c": 50_000, "a>d": 30_000, "a>b": 20_000},
    ),
    Case(  # only the worst: D, 30 % of its target away
        "TierPolicy.worst_count",
        policy(scope=Scope.WORST, worst_count=1),
        decided(lambda decision: [r.outcome for r in decision.explanation if r.rule == "scope"]),
        [", ".join((A, C, USD))],
        [USD],
        base=policy(scope=Scope.WORST, worst_count=3),
    ),
    Case(
        "TierPolicy.destination_bps",
        policy(destination_bps=10_000),
        decided(lambda decision: [round(weight.after_bps, -1) for weight in decision.weights]),
        [4400, 2900, 1800, 900],
        [4800, 2800, 1600, 800],
    ),
)
