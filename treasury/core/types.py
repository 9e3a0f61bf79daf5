"""The words of the treasury, as frozen values.

Units: token amounts are whole base units (`int`, names end in `_units`); prices and values are
exact `Decimal` in the functional currency (USD) per whole token; shares are integer basis points
(`_bps`); times are Unix seconds of a block (`_at`). Nothing here reads a clock, a database or a
chain.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from treasury.core.amounts import exact

Address = NewType("Address", str)
"""EIP-55 checksummed, 0x-prefixed. It is also the key of an asset: symbols are not unique."""

NATIVE = Address("0x0000000000000000000000000000000000000000")
"""Stands for the chain's native currency (ETH) wherever an asset is asked for."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block. Every read of one decision is pinned to the same one; its timestamp is `now`."""

    number: int
    hash: str
    timestamp: int


class ActorKind(StrEnum):
    SYSTEM = "SYSTEM"
    PERSON = "PERSON"
    TOKEN = "TOKEN"  # noqa: S105  an API token acted
    CHAIN = "CHAIN"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as the audit trail names them. `name` is stable: a task, a wallet, a token's
    prefix."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What one tier holds of one asset, valued at the consensus price of the snapshot's block."""

    asset: Address
    symbol: str
    decimals: int
    units: int
    price_usd: Decimal

    @property
    @exact
    def value_usd(self) -> Decimal:
        return Decimal(self.units) * self.price_usd / (Decimal(10) ** self.decimals)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One tier at one block. Holdings are sorted by asset, one per asset, units >= 0."""

    block: BlockRef
    holdings: tuple[Holding, ...]

    @property
    @exact
    def nav_usd(self) -> Decimal:
        return sum((holding.value_usd for holding in self.holdings), Decimal(0))

    def holding(self, asset: Address) -> Holding:
        for holding in self.holdings:
            if holding.asset == asset:
                return holding
        raise KeyError(asset)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Terms of DE-21, each in USD and >= 0 (tax may be negative: a realised loss)."""

    gas_usd: Decimal = Decimal(0)
    fee_usd: Decimal = Decimal(0)
    impact_usd: Decimal = Decimal(0)
    protocol_fee_usd: Decimal = Decimal(0)
    opportunity_usd: Decimal = Decimal(0)
    tax_usd: Decimal = Decimal(0)

    @property
    @exact
    def total_usd(self) -> Decimal:
        return sum((getattr(self, field.name) for field in fields(self)), Decimal(0))


@dataclass(frozen=True, slots=True)
class PairCost:
    """What the engine may assume about trading `sell` for `buy` before real quotes exist.

    `venue` is an opaque key. Impact of a trade of value v is v * v / depth_usd (DE-28's form),
    nothing when `depth_usd` is None. `gas_units` is for the whole leg, approval included.
    """

    sell: Address
    buy: Address
    venue: str
    fee_bps: Decimal
    depth_usd: Decimal | None
    gas_units: int


@dataclass(frozen=True, slots=True)
class GasPrice:
    """What gas costs at the pinned block: base fee plus the tip we pay, and the native price."""

    base_fee_wei: int
    tip_wei: int
    native_price_usd: Decimal

    @exact
    def cost_usd(self, gas_units: int) -> Decimal:
        wei = Decimal(gas_units) * Decimal(self.base_fee_wei + self.tip_wei)
        return wei * self.native_price_usd / Decimal(10**18)


@dataclass(frozen=True, slots=True)
class LotState:
    """An open lot (AC-1). `cost_usd` is the total of the units left, not a unit price."""

    lot_ref: str
    asset: Address
    units: int
    cost_usd: Decimal
    acquired_at: int
    sequence: int


@dataclass(frozen=True, slots=True)
class LotSlice:
    """The part of one lot that one disposal takes (AC-3), with its share of the proceeds (AC-4)."""

    lot_ref: str
    units: int
    cost_usd: Decimal
    proceeds_usd: Decimal
    acquired_at: int
    long_term: bool

    @property
    @exact
    def gain_usd(self) -> Decimal:
        return self.proceeds_usd - self.cost_usd


def moment(text: str) -> datetime:
    """A time of the wall clock as RFC 3339 writes it. Without an offset it is refused (ValueError):
    it would be somebody's guess. A blank is read as the `+` that it was before it was unquoted."""
    found = datetime.fromisoformat(text.replace(" ", "+"))
    if found.tzinfo is None:
        raise ValueError("a time needs its offset, such as 2026-03-01T12:00:00Z")
    return found
