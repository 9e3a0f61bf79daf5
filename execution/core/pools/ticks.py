"""Ticks of a Uniswap v3 pool: price 1.0001^tick, kept as sqrt(price) x 2^96 in 160 bits.

The constants and roundings are those of the published v3 core (TickMath, TickBitmap), so that a
price at a tick equals the contract's to the unit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

MIN_TICK: Final = -887_272
MAX_TICK: Final = 887_272
MIN_SQRT_PRICE: Final = 4_295_128_739
MAX_SQRT_PRICE: Final = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
WORD_TICKS: Final = 256
"""Initialisable ticks in one word of a pool's bitmap. A swap pauses at each word's end, and each
pause rounds: whoever wants its result to the unit has to pause there as well."""

# 2^128 / sqrt(1.0001^(2^i)): the bits of |tick| choose the factors.
_FACTORS: Final = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)


@lru_cache(maxsize=4096)
def sqrt_price_at(tick: int) -> int:
    """sqrt(1.0001^tick) x 2^96, rounded up. Raises ValueError beyond the ticks of the protocol."""
    if not MIN_TICK <= tick <= MAX_TICK:
        raise ValueError(f"tick {tick} is beyond {MIN_TICK}..{MAX_TICK}")
    ratio = 1 << 128
    for bit, factor in enumerate(_FACTORS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return -(-ratio >> 32)


def tick_at(sqrt_price: int) -> int:
    """The greatest tick whose price is not above this one."""
    if not MIN_SQRT_PRICE <= sqrt_price < MAX_SQRT_PRICE:
        raise ValueError(f"sqrt price {sqrt_price} is beyond the protocol's")
    low, high = MIN_TICK, MAX_TICK
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_price_at(middle) <= sqrt_price:
            low = middle
        else:
            high = middle
    return low


def word_of(tick: int, spacing: int) -> int:
    """The word of the bitmap in which a tick stands."""
    return tick // spacing >> 8


def word_end(tick: int, spacing: int, *, falling: bool) -> int:
    """The last tick that the word at `tick` can say anything of, in the direction of the price."""
    compressed = tick // spacing
    if falling:
        return (compressed >> 8 << 8) * spacing
    return ((compressed + 1 >> 8 << 8) + WORD_TICKS - 1) * spacing
