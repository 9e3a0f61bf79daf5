"""Which ways a trade could have gone: every quote that was asked for, taken or not, as the evidence
tells it. Signers sign the evidence, so they sign these too; nothing is asked for anew here."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from governance.core.recommendation import venue_name
from governance.selectors.dossiers import Dossier
from governance.selectors.pages.proposal.wording import Amount
from governance.selectors.proposals import plan_of
from treasury.core.amounts import exact

BPS: Final = 10_000
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class WayLine:
    """`less_bps`: how much less than what was taken it would have brought for all of the trade,
    before gas; None of what was taken itself. `impact_bps` is None where no exact maths says it."""

    way: str
    sells: Amount
    brings: Amount
    fee_bps: Decimal
    impact_bps: Decimal | None
    gas_units: int
    is_taken: bool
    less_bps: Decimal | None

    @property
    def choice(self) -> str:
        if self.is_taken:
            return "Taken"
        if self.less_bps is None:
            return "Not taken"
        if self.less_bps <= 0:
            return "Brings no less, costs more gas"
        if self.less_bps < 1:
            return "Under 0.01 % less"
        return f"{self.less_bps / 100:.2f} % less"


@dataclass(frozen=True, slots=True)
class Ways:
    """`block` and `at` (block time) are those of the quotes; lines of plans that were made before
    quotes were told this fully are missing."""

    lines: tuple[WayLine, ...]
    block: int
    at: int

    @property
    def taken(self) -> int:
        return sum(line.is_taken for line in self.lines)


def ways_of(found: Dossier) -> Ways:
    reasons = json.loads(plan_of(found.proposal).evidence)["reasons"]
    taken = [quote for quote in reasons.get("quotes", ()) if "gas_units" in quote]
    others = reasons.get("others", ())
    brought: dict[Pair, int] = defaultdict(int)
    for quote in taken:
        brought[quote["sell"], quote["buy"]] += int(quote["buy_units"])
    lines = [_line(found, quote, None) for quote in taken]
    lines += [_line(found, quote, brought[quote["sell"], quote["buy"]]) for quote in others]
    block = taken[0]["block"] if taken else {"number": 0, "timestamp": 0}
    return Ways(tuple(lines), block["number"], block["timestamp"])


@exact
def _line(found: Dossier, quote: Mapping[str, Any], brought: int | None) -> WayLine:
    units = int(quote["buy_units"])
    less = Decimal(brought - units) * BPS / brought if brought else None
    impact = quote["impact_bps"]
    return WayLine(
        way=_way(found, quote),
        sells=_amount(found, quote["sell"], quote["sell_units"]),
        brings=_amount(found, quote["buy"], quote["buy_units"]),
        fee_bps=Decimal(quote["fee_bps"]),
        impact_bps=None if impact is None else Decimal(impact),
        gas_units=quote["gas_units"],
        is_taken=brought is None,
        less_bps=less,
    )


def _way(found: Dossier, quote: Mapping[str, Any]) -> str:
    """`Uniswap v3, 0.05 % pool`, or the tokens and pools of a path."""
    name, fees = venue_name(quote["venue"]), quote["pools"]
    pools = [f"{Decimal(fee) / 10_000:f} % pool" for fee in fees]
    if len(pools) < 2:
        return ", ".join([name, *pools])
    tokens = [found.symbol(token) for token in quote["through"]]
    words = [pools[0]]
    for token, pool in zip(tokens, pools[1:], strict=True):
        words += [token, pool]
    return f"{name}, " + ", ".join(words)


def _amount(found: Dossier, asset: str, units: str) -> Amount:
    return Amount(int(units), found.decimals(asset), found.symbol(asset))
