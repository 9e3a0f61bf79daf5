from __future__ import annotations

from decimal import Decimal

from tests.unit.engine.tiers import A, B, policy, portfolio
from treasury.core.decisions import Trade
from treasury.core.types import Address, CostEstimate
from treasury.engine.valuation import breach_opened_by

# Targets .4 .3 .2 .1, bands of 20 % of the target; one token is one dollar with six decimals.


def trade(sell: Address, buy: Address, usd: int) -> Trade:
    units = usd * 10**6
    return Trade(sell, buy, "dex", units, units, Decimal(usd), CostEstimate(), ())


def test_breach_opened_by__half_of_a_list__names_the_asset_it_harms() -> None:
    """A at .47 sits inside its band of .08; another .02 of it would break the band."""
    held = portfolio((470_000, 300_000, 150_000, 80_000))
    harmed = breach_opened_by(portfolio=held, policy=policy(), trades=[trade(B, A, 20_000)])
    assert harmed == A


def test_breach_opened_by__breached_asset_that_gets_better__is_no_harm() -> None:
    held = portfolio((520_000, 250_000, 150_000, 80_000))
    found = breach_opened_by(portfolio=held, policy=policy(), trades=[trade(A, B, 10_000)])
    assert found is None


def test_breach_opened_by__no_trades__opens_nothing() -> None:
    held = portfolio((900_000, 50_000, 30_000, 20_000))
    assert breach_opened_by(portfolio=held, policy=policy(), trades=[]) is None
