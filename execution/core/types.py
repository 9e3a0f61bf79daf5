"""The words of execution, as frozen values: from a wanted trade to one transaction and its fills.

Units as in `treasury.core.types`. `Call` is what the chain sees; a `Leg` is what a person reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum

from treasury.core.canonical import LATER
from treasury.core.types import Address, BlockRef, CostEstimate, LotSlice


class Operation(IntEnum):
    CALL = 0
    DELEGATECALL = 1


class Mechanism(StrEnum):
    """How a plan reaches the acting Safe. SAFE: one transaction of the main Safe. ROLES: the role
    of the tier's modifier, whose member is the executor key or the operator Safe."""

    SAFE = "SAFE"
    ROLES = "ROLES"


class LegKind(StrEnum):
    SWAP = "SWAP"
    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    TRANSFER = "TRANSFER"


class Rule(StrEnum):
    """What a batch may break. A violation names its rule, so that people and tests can."""

    CHAIN = "CHAIN"
    SAFE = "SAFE"
    GAS = "GAS"
    OPERATION = "OPERATION"
    ADMINISTRATION = "ADMINISTRATION"
    SELECTOR = "SELECTOR"
    BYTES = "BYTES"
    NESTING = "NESTING"
    DEADLINE = "DEADLINE"
    EVIDENCE = "EVIDENCE"
    ASSET = "ASSET"
    TARGET = "TARGET"
    RECIPIENT = "RECIPIENT"
    SPENDER = "SPENDER"
    ALLOWANCE = "ALLOWANCE"
    MINIMUM = "MINIMUM"
    HASH = "HASH"
    FIELDS = "FIELDS"
    PLAN = "PLAN"
    POLICY = "POLICY"


@dataclass(frozen=True, slots=True)
class Violation:
    rule: Rule
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class Call:
    """One inner call of a batch; value in wei. Inner calls are always CALL, never DELEGATECALL."""

    to: Address
    value: int
    data: bytes
    purpose: str


@dataclass(frozen=True, slots=True)
class Market:
    """One place where a venue trades a pair, in both directions. `parameters` are the venue's own
    (fee tier, vault address), text to text, and are allow-listed per treasury."""

    venue: str
    base: Address
    quote: Address
    parameters: tuple[tuple[str, str], ...]

    def parameter(self, name: str) -> str:
        return dict(self.parameters)[name]


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    sell: Address
    buy: Address
    sell_units: int
    safe: Address


@dataclass(frozen=True, slots=True)
class Quote:
    """A venue's answer at one block. `fee_bps` is the venue's fee on the amount sold; `detail`
    keeps what else it said (price after, ticks crossed), text to text. `onward` are the markets
    behind the first, where the trade goes on through them; `impact_bps` is the price impact of its
    own size by the pools' exact maths, None where no such maths is known."""

    venue: str
    market: Market
    sell: Address
    buy: Address
    sell_units: int
    buy_units: int
    fee_bps: Decimal
    gas_units: int
    block: BlockRef
    detail: tuple[tuple[str, str], ...] = ()
    onward: tuple[Market, ...] = ()
    impact_bps: Decimal | None = None

    @property
    def tokens(self) -> tuple[Address, ...]:
        """What passes through the trader's hands on the way: sold first, bought last."""
        found = [self.sell]
        for market in (self.market, *self.onward):
            found.append(market.quote if market.base == found[-1] else market.base)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a plan: `safe` gives up exactly `sell_units` and receives at least
    `min_buy_units` at `recipient` (always a Safe of the treasury). A transfer sells and buys the
    same asset. `lots` are those that are booked when it is executed, in this order, chosen before
    anybody signs (AC-8, DE-33); they cover less than `sell_units` where an earlier leg brings the
    rest, or nobody knows what it cost. Only a swap gains: what moves keeps its cost (AC-5)."""

    index: int
    kind: LegKind
    venue: str
    safe: Address
    recipient: Address
    sell: Address
    buy: Address
    sell_units: int
    expected_buy_units: int
    min_buy_units: int
    value_usd: Decimal
    cost: CostEstimate
    calls: tuple[Call, ...]
    lots: tuple[LotSlice, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class Deal:
    """What one call of a venue does, read from its bytes, in words that all venues share.
    `min_buy_units` and `deadline` are None where the venue's function has none; `spender` takes
    the sold asset by an allowance, None when it needs none; `through` are the tokens that the trade
    passes through on its way."""

    venue: str
    sell: Address
    buy: Address
    sell_units: int
    min_buy_units: int | None
    recipients: tuple[Address, ...]
    deadline: int | None
    spender: Address | None
    through: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """Signed change of one (Safe, asset) in base units."""

    safe: Address
    asset: Address
    units: int


@dataclass(frozen=True, slots=True)
class ExecutionPlan:
    """Everything that will be signed, but for nonces (those come when signatures are asked for).

    `acting_safe` holds the assets; `main_safe` signs under SAFE. `batch` is the whole inner batch
    of the acting Safe, deadline leg first, evidence leg last. `evidence_digest` (32 bytes hex, no
    prefix) is in the last call. `role_key`, `modifier` and `member` matter under ROLES only.
    """

    chain_id: int
    mechanism: Mechanism
    main_safe: Address
    acting_safe: Address
    modifier: Address | None
    role_key: str
    member: Address | None
    member_is_safe: bool
    expires_at: int
    legs: tuple[Leg, ...]
    batch: tuple[Call, ...]
    evidence_digest: str
    block: BlockRef


@dataclass(frozen=True, slots=True)
class Authorization:
    """Governance's word that exactly this plan may be executed, until then."""

    plan_digest: str
    mechanism: Mechanism
    expires_at: int


@dataclass(frozen=True, slots=True)
class SafeTxFields:
    """The ten fields that an owner signs. Gas and refund fields are always zero here, so they are
    constants of the encoding (`execution.core.safe_tx`), and so are not repeated in rows of
    people."""

    chain_id: int
    safe: Address
    to: Address
    value: int
    data: bytes
    operation: Operation
    nonce: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """Outcome of exactly these bytes at one block. `changes` is empty when it failed."""

    ok: bool
    block: BlockRef
    gas_used: int
    changes: tuple[BalanceChange, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class FillFact:
    """What one leg really did, read from the logs of its receipt."""

    leg_index: int
    sell_units: int
    buy_units: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One mined transaction as the chain tells it. `logs` are (index, address, topics, data)."""

    tx_hash: str
    block: BlockRef
    status: int
    gas_used: int
    effective_gas_price_wei: int
    sender: Address
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Log:
    index: int
    address: Address
    topics: tuple[str, ...]
    data: bytes
