"""What a tier counts as one, in words (G9)."""

from __future__ import annotations

from collections.abc import Mapping

from governance.core.wording.numbers import listed, percent
from treasury.core.policies import Band, BandKind, Group, TierPolicy
from treasury.core.types import Address


def group_words(policy: TierPolicy, symbols: Mapping[Address, str]) -> str:
    """A sentence per group, each after a space; empty without groups."""
    return "".join(f" {_group(group, symbols)}" for group in policy.groups)


def band_words(band: Band) -> str:
    absolute = f"{percent(band.absolute_bps)} of the tier"
    relative = f"{percent(band.relative_bps)} of the target"
    match band.kind:
        case BandKind.ABSOLUTE:
            return absolute
        case BandKind.RELATIVE:
            return relative
        case BandKind.NARROWER:
            return f"{absolute} or {relative}, the narrower"
        case BandKind.WIDER:
            return f"{absolute} or {relative}, the wider"


def _group(group: Group, symbols: Mapping[Address, str]) -> str:
    names = listed([symbols.get(asset, asset) for asset in group.assets])
    return (
        f"{names} count as one ({group.name}): their sum has a band of {band_words(group.band)}, "
        "and they are traded for each other only when one leaves its own."
    )
