"""The halt rules of a policy in words: only those that it switches on."""

from __future__ import annotations

from collections.abc import Iterator

from governance.core.wording.numbers import gwei, listed, percent, span
from treasury.core.policies import HaltRules


def brakes(rules: HaltRules) -> str:
    """What is asked before every decision and again before everything that is sent."""
    return listed([*_always(rules), *_prices(rules), *_others(rules)], "or")


def memory(rules: HaltRules) -> str:
    """How a halt begins and when it may be ended."""
    words = [
        f"A reading counts as clean again at {percent(rules.reset_bps)} of its limit"
        + (f", for {span(rules.min_clean_seconds)}" if rules.min_clean_seconds else "")
    ]
    if rules.patience_seconds:
        words.append(
            "missing or disagreeing prices and dear gas hold the tier at once and become a halt "
            f"after {span(rules.patience_seconds)}"
        )
    return "; ".join(words) + "."


def _always(rules: HaltRules) -> Iterator[str]:
    yield f"a base fee above {gwei(rules.max_base_fee_wei)}"
    yield f"{rules.failure_streak} failed executions in a row"
    yield f"a jump of the value by more than {percent(rules.max_nav_jump_bps)}"


def _prices(rules: HaltRules) -> Iterator[str]:
    window = f"{rules.history_steps} steps of {span(rules.history_step_seconds)}"
    if rules.max_volatility_bps:
        limit = percent(rules.max_volatility_bps)
        yield f"an asset whose volatility is above {limit} a year ({window})"
    if rules.max_basket_volatility_bps:
        limit = percent(rules.max_basket_volatility_bps)
        yield f"a volatility of the whole above {limit} a year"
    if rules.max_drawdown_bps:
        yield f"a fall by more than {percent(rules.max_drawdown_bps)} from the highest of {window}"
    if rules.depeg_bps:
        yield (
            f"a stablecoin more than {percent(rules.depeg_bps)} from its peg in "
            f"{rules.depeg_samples} prices in a row (a warning from "
            f"{percent(rules.depeg_warn_bps)} on)"
        )


def _others(rules: HaltRules) -> Iterator[str]:
    if rules.gas_median_percent:
        yield f"a base fee above {rules.gas_median_percent} % of the median of 24 hours"
    if rules.max_depth_loss_bps:
        limit = percent(rules.max_depth_loss_bps)
        yield f"markets that would take more than {limit} of the largest trade"
    if rules.slippage_budget_bps:
        yield (
            f"more than {percent(rules.slippage_budget_bps)} of the value lost by trading in "
            f"{span(rules.slippage_window_seconds)}"
        )
    if rules.watch_code:
        yield "a token or venue whose code changed or which is paused"
    if rules.max_silence_seconds:
        yield f"no evaluation for {span(rules.max_silence_seconds)}"
