"""What the chain must hold for automation to run, and what gas may cost."""

from __future__ import annotations

from dataclasses import replace

from execution.core.limits.allowances import Allowance, compare
from execution.core.limits.fees import FeeCapError, capped_fees
from tests.unit.engine.every_field.case import Case
from tests.unit.engine.tiers import GWEI, A, B, policy
from treasury.core.policies import TierPolicy, UnitLimit

LIMIT = UnitLimit("0x01", A, refill_units=10, max_refill_units=20, period_seconds=60)
LIMITED = policy(unit_limits=(LIMIT,))
ON_CHAIN = Allowance(
    "0x01", refill_units=10, max_refill_units=20, period_seconds=60, remaining_units=7
)


def differences(rules: TierPolicy) -> int:
    return len(compare(rules.unit_limits, [ON_CHAIN] * len(rules.unit_limits)).differences)


def remaining(rules: TierPolicy) -> list[tuple[str, str, int]]:
    report = compare(rules.unit_limits, [ON_CHAIN] * len(rules.unit_limits))
    return [(left.allowance_key, left.asset, left.remaining_units) for left in report.remaining]


def offered(rules: TierPolicy) -> tuple[int, int] | str:
    try:
        return capped_fees(base_fee_wei=50 * GWEI, tip_wei=GWEI, cap_wei=rules.max_fee_per_gas_wei)
    except FeeCapError as error:
        return str(error)


CASES = (
    Case(
        "TierPolicy.max_fee_per_gas_wei",
        policy(max_fee_per_gas_wei=50 * GWEI),
        offered,
        (100 * GWEI, GWEI),
        f"gas costs {51 * GWEI} wei, the cap is {50 * GWEI}",
    ),
    Case("TierPolicy.unit_limits", LIMITED, remaining, [], [("0x01", A, 7)]),
    Case(
        "UnitLimit.allowance_key",
        policy(unit_limits=(replace(LIMIT, allowance_key="0x02"),)),
        remaining,
        [("0x01", A, 7)],
        [("0x02", A, 7)],
        base=LIMITED,
    ),
    Case(
        "UnitLimit.asset",
        policy(unit_limits=(replace(LIMIT, asset=B),)),
        remaining,
        [("0x01", A, 7)],
        [("0x01", B, 7)],
        base=LIMITED,
    ),
    Case(
        "UnitLimit.refill_units",
        policy(unit_limits=(replace(LIMIT, refill_units=11),)),
        differences,
        0,
        1,
        base=LIMITED,
    ),
    Case(
        "UnitLimit.max_refill_units",
        policy(unit_limits=(replace(LIMIT, max_refill_units=21),)),
        differences,
        0,
        1,
        base=LIMITED,
    ),
    Case(
        "UnitLimit.period_seconds",
        policy(unit_limits=(replace(LIMIT, period_seconds=61),)),
        differences,
        0,
        1,
        base=LIMITED,
    ),
)
