"""What the value depends on: single assets, issuers, protocols, pegs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import exact


@dataclass(frozen=True, slots=True)
class Exposure:
    """One position. `asset` is what the risk is in: of a vault share the underlying. `issuer` is
    empty where nobody named one (ETH has none), `protocol` where the asset is held directly, `peg`
    (a currency) where it has none."""

    asset: str
    value_usd: Decimal
    issuer: str = ""
    protocol: str = ""
    peg: str = ""


@exact
def concentration(exposures: Sequence[Exposure]) -> Decimal | None:
    """Herfindahl-Hirschman index: the sum of squared shares of the assets, 1/n for n equal ones
    and 1 for a single one. None when there is no value."""
    shares = _shares(exposures, lambda item: item.asset)
    return sum((share * share for _, share in shares), Decimal(0)) if shares else None


@exact
def stablecoin_share(exposures: Sequence[Exposure]) -> Decimal | None:
    """The share of what is pegged to a currency, by declaration at onboarding."""
    shares = _shares(exposures, lambda item: "pegged" if item.peg else "")
    return dict(shares).get("pegged", Decimal(0)) if shares else None


def issuer_exposure(exposures: Sequence[Exposure]) -> tuple[tuple[str, Decimal], ...]:
    """(issuer, share of all value), the largest first; what has no known issuer is left out."""
    return _named(exposures, lambda item: item.issuer)


def protocol_exposure(exposures: Sequence[Exposure]) -> tuple[tuple[str, Decimal], ...]:
    """(protocol that holds it for us, share of all value), the largest first."""
    return _named(exposures, lambda item: item.protocol)


def _named(
    exposures: Sequence[Exposure], key: Callable[[Exposure], str]
) -> tuple[tuple[str, Decimal], ...]:
    return tuple((name, share) for name, share in _shares(exposures, key) if name)


@exact
def _shares(
    exposures: Sequence[Exposure], key: Callable[[Exposure], str]
) -> tuple[tuple[str, Decimal], ...]:
    total = sum((item.value_usd for item in exposures), Decimal(0))
    if total <= 0:
        return ()
    sums: dict[str, Decimal] = {}
    for item in exposures:
        sums[key(item)] = sums.get(key(item), Decimal(0)) + item.value_usd
    largest_first = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((name, value / total) for name, value in largest_first)
