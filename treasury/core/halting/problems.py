"""What the halt rules of a policy can contradict by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from treasury.core.policies import HaltRules

STEPS_MAX = 366
SAMPLES_MAX = 50
FULL_BPS = 10_000

_OFF_AT_ZERO = (
    "min_clean_seconds",
    "patience_seconds",
    "gas_median_percent",
    "max_volatility_bps",
    "max_basket_volatility_bps",
    "max_drawdown_bps",
    "depeg_bps",
    "max_depth_loss_bps",
    "slippage_budget_bps",
    "max_silence_seconds",
)
_AT_LEAST = {
    "history_steps": 2,
    "history_step_seconds": 60,
    "depeg_samples": 1,
    "depeg_warn_bps": 1,
    "slippage_window_seconds": 1,
}
_AT_MOST = {
    "max_drawdown_bps": FULL_BPS,
    "depeg_bps": FULL_BPS,
    "max_depth_loss_bps": FULL_BPS,
    "slippage_budget_bps": FULL_BPS,
    "history_steps": STEPS_MAX,
    "depeg_samples": SAMPLES_MAX,
}


def halt_problems(rules: HaltRules) -> Iterator[tuple[str, str]]:
    """(JSON pointer, what is wrong and how to mend it); of the fields beside the three that are
    always on."""
    for name in _OFF_AT_ZERO:
        yield from _at_least(rules, name, 0)
    for name, least in _AT_LEAST.items():
        yield from _at_least(rules, name, least)
    for name, most in _AT_MOST.items():
        found = getattr(rules, name)
        if found > most:
            yield f"/halts/{name}", f"{found} is above {most}; lower it"
    if not 1 <= rules.reset_bps < FULL_BPS:
        yield (
            "/halts/reset_bps",
            f"{rules.reset_bps} is outside 1..9999: a reset level lies below its limit; choose one",
        )
    if 0 < rules.gas_median_percent <= 100:
        yield "/halts/gas_median_percent", "100 and less trips on usual gas; write 300 for 3 times"
    if rules.depeg_bps and rules.depeg_warn_bps >= rules.depeg_bps:
        yield "/halts/depeg_warn_bps", "is not below depeg_bps, which halts; lower it"


def _at_least(rules: HaltRules, name: str, least: int) -> Iterator[tuple[str, str]]:
    found = getattr(rules, name)
    if found < least:
        yield f"/halts/{name}", f"{found} is below {least}; raise it"
