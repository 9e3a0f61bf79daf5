"""Money that came in buys what lacks most, money that went out is raised where there is most
(DE-14). Values are exact, in any one unit (USD or fractions of V)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.types import Address

Values = Mapping[Address, Decimal]


@exact
def fill(values: Values, targets: Values, amount: Decimal) -> dict[Address, Decimal]:
    """Purchases x = max(0, lambda t - v) that sum to `amount` >= 0: the assets with the least v / t
    come up to one common level. Assets with a target of 0 get nothing, unless there are no
    others: then all goes to the first of them."""
    wanted = [asset for asset in sorted(targets) if targets[asset] > 0]
    if not wanted:
        first = min(targets)
        return {asset: amount if asset == first else Decimal(0) for asset in targets}
    ranked = sorted(wanted, key=lambda asset: values[asset] / targets[asset])
    level, held, share = Decimal(0), Decimal(0), Decimal(0)
    for place, asset in enumerate(ranked):
        held, share = held + values[asset], share + targets[asset]
        level = (amount + held) / share
        if (
            place + 1 == len(ranked)
            or level <= values[ranked[place + 1]] / targets[ranked[place + 1]]
        ):
            break
    bought = {asset: max(Decimal(0), level * targets[asset] - values[asset]) for asset in targets}
    return _summing_to(amount, bought)


@exact
def drain(values: Values, targets: Values, amount: Decimal) -> dict[Address, Decimal]:
    """Sales x = max(0, v - mu t) that sum to `amount`, at most all there is: assets with a target
    of 0 first, then those with the most v / t come down to one common level."""
    amount = min(amount, sum(values.values(), Decimal(0)))
    unwanted = {asset: value for asset, value in values.items() if targets[asset] <= 0}
    spare = sum(unwanted.values(), Decimal(0))
    if spare >= amount:
        part = amount / spare if spare else Decimal(0)
        return {asset: unwanted.get(asset, Decimal(0)) * part for asset in values}
    wanted = [asset for asset in sorted(values) if targets[asset] > 0]
    ranked = sorted(wanted, key=lambda asset: values[asset] / targets[asset], reverse=True)
    level, held, share = Decimal(0), Decimal(0), Decimal(0)
    for place, asset in enumerate(ranked):
        held, share = held + values[asset], share + targets[asset]
        level = (held - (amount - spare)) / share
        if (
            place + 1 == len(ranked)
            or level >= values[ranked[place + 1]] / targets[ranked[place + 1]]
        ):
            break
    sold = {
        asset: unwanted[asset]
        if asset in unwanted
        else max(Decimal(0), values[asset] - level * targets[asset])
        for asset in values
    }
    return _summing_to(amount, sold)


def _summing_to(amount: Decimal, parts: dict[Address, Decimal]) -> dict[Address, Decimal]:
    """What rounding a quotient at 100 digits left goes to the largest part."""
    rest = amount - sum(parts.values(), Decimal(0))
    largest = max(sorted(parts), key=lambda asset: parts[asset])
    return {**parts, largest: parts[largest] + rest}
