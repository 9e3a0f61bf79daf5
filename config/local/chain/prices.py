"""A seeded price path in whole numbers: the same seed gives the same prices on every machine.

Geometric steps with a factor that WETH and WBTC share, and four moods of the market that follow one
another at random. Stable coins wander a few basis points around one dollar and are pulled back.
No floating point: the normal variate is a sum of uniform integers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import isqrt
from typing import Final

YEAR_SECONDS: Final = 31_536_000
PRICE_SCALE: Final = 10**8  # dollars with eight decimals, as the feeds give them
_ONE: Final = 10**9  # returns are in parts per billion
_VARIATE_BITS: Final = 20
_VARIATE_TERMS: Final = 12  # twelve uniform variates on [0, 1) have variance one
MAX_STEP: Final = 9 * _ONE // 10  # one step takes at most nine tenths of a price
BPS: Final = 10_000


@dataclass(frozen=True)
class Mood:
    """Annual drift and volatility in basis points; `days` is the mean duration."""

    name: str
    drift_bps: int
    volatility_bps: int
    days: int


MOODS: Final = (
    Mood("CALM", 0, 3_500, 20),
    Mood("RISING", 8_000, 5_000, 15),
    Mood("FALLING", -8_000, 6_500, 12),
    Mood("PANIC", -20_000, 16_000, 3),
)
_BETA_BPS: Final = {"WETH": (12_000, 5_000), "WBTC": (9_000, 3_500)}  # shared factor, own factor
STABLE: Final = frozenset({"USDC", "DAI"})
_STABLE_VOLATILITY_BPS: Final = 60  # a year
_STABLE_PULL_SECONDS: Final = 6 * 3_600


class PricePath:
    """The true prices. `advance` moves them; whoever stages a scenario may also set them."""

    def __init__(self, seed: int, prices: dict[str, int]) -> None:
        self._random = random.Random(seed)  # noqa: S311  (reproducible on purpose)
        self._mood = MOODS[0]
        self.prices = dict(prices)

    @property
    def mood(self) -> str:
        return self._mood.name

    def advance(self, seconds: int) -> None:
        self._change_mood(seconds)
        shared = self._normal()
        for symbol in sorted(self.prices):
            own = self._normal()
            if symbol in STABLE:
                self._advance_stable(symbol, seconds, own)
            else:
                self._advance_risky(symbol, seconds, shared, own)

    def shock(self, symbol: str, change_bps: int) -> None:
        """A sudden relative change: -3,000 takes thirty per cent off."""
        if change_bps <= -BPS:
            raise ValueError(f"{symbol}: a price cannot fall by {change_bps} basis points")
        self.prices[symbol] = max(1, self.prices[symbol] * (BPS + change_bps) // BPS)

    # ---------------------------------------------------------------------------- one step
    def _change_mood(self, seconds: int) -> None:
        roll = self._random.getrandbits(32)
        choice = self._random.getrandbits(32)
        duration = self._mood.days * 86_400
        if roll * duration < min(seconds, duration) << 32:
            others = [mood for mood in MOODS if mood is not self._mood]
            self._mood = others[choice % len(others)]

    def _normal(self) -> int:
        """Nearly normal, mean zero, variance one, in parts per billion."""
        total = sum(self._random.getrandbits(_VARIATE_BITS) for _ in range(_VARIATE_TERMS))
        return (total - (_VARIATE_TERMS << _VARIATE_BITS) // 2) * _ONE >> _VARIATE_BITS

    def _advance_risky(self, symbol: str, seconds: int, shared: int, own: int) -> None:
        beta, single = _BETA_BPS[symbol]
        noise = (shared * beta + own * single) // BPS
        moved = self._mood.drift_bps * _ONE * seconds // (BPS * YEAR_SECONDS)
        moved += _deviation(self._mood.volatility_bps, seconds) * noise // _ONE
        moved = max(-MAX_STEP, moved)
        self.prices[symbol] = max(1, self.prices[symbol] * (_ONE + moved) // _ONE)

    def _advance_stable(self, symbol: str, seconds: int, own: int) -> None:
        price = self.prices[symbol]
        pull = (PRICE_SCALE - price) * min(seconds, _STABLE_PULL_SECONDS) // _STABLE_PULL_SECONDS
        noise = _deviation(_STABLE_VOLATILITY_BPS, min(seconds, _STABLE_PULL_SECONDS)) * own // _ONE
        self.prices[symbol] = max(1, price + pull + price * noise // _ONE)


def _deviation(annual_volatility_bps: int, seconds: int) -> int:
    """Standard deviation over so many seconds, in parts per billion."""
    return annual_volatility_bps * isqrt(seconds * _ONE * _ONE // YEAR_SECONDS) // BPS
