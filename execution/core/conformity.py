"""The one judge of what is signed: which rule of the treasury do these bytes break?

It reads the ten fields alone, so it judges our own batches and anybody else's alike. It answers
with every violation it finds, named by its rule, and with nothing when there is none. Bytes that
cannot be explained completely are one violation, and nothing more is said of them.

Not done: whether the trade is wise, what the chain holds, whose signatures there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from execution.core.abi import UndecodableCallError, decode_call, to_address
from execution.core.contracts import APPROVE, EXEC_TRANSACTION, EXEC_WITH_ROLE, TRANSFER
from execution.core.decoding import BatchDecoder, DecodedBatch, DecodedCall
from execution.core.types import Deal, Operation, Rule, SafeTxFields, Violation
from treasury.core.amounts import bps_of, value_usd
from treasury.core.types import Address

UNLIMITED = 2**255
"""From here on an allowance is meant to have no end."""
BPS = 10_000


class NotAllowedError(ValueError):
    """A venue's call that the treasury's allow-list does not know, and the rule that it breaks."""

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(text)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Worth:
    decimals: int
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class RoleOfSafe:
    """A tier Safe's modifier, and the one role and member by which Ballast may act there."""

    safe: Address
    role_key: str
    member: Address


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a treasury allows. `read_deal` reads a venue's call against the allowed markets: None
    when the function is no venue's, NotAllowedError when the market is not allowed. A minimum may
    lie `max_loss_bps` under what is sold, at `worth`; where a price is missing the minimum must
    only be above zero. `latest_deadline` is block time, None where no proposal says it. `max_hops`:
    markets one after the other in one call; whatever it says, one where a role acts."""

    chain_id: int
    main_safe: Address
    own_safes: frozenset[Address]
    assets: frozenset[Address]
    roles: Mapping[Address, RoleOfSafe]
    read_deal: Callable[[DecodedCall], Deal | None]
    worth: Mapping[Address, Worth]
    max_loss_bps: int
    latest_deadline: int | None
    max_hops: int = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """`batch` is None when the bytes cannot be explained."""

    batch: DecodedBatch | None
    violations: tuple[Violation, ...]


def judge(fields: SafeTxFields, decoder: BatchDecoder, book: Rulebook) -> Judgement:
    """The ten fields that owners sign. Gas and refund fields are not among `SafeTxFields`: who
    reads them from elsewhere judges them there (`gas_violations`)."""
    found: list[Violation] = []
    if fields.chain_id != book.chain_id:
        found.append(Violation(Rule.CHAIN, f"chain {fields.chain_id}, not {book.chain_id}"))
    try:
        batch = decoder.safe_transaction(fields)
    except UndecodableCallError as refused:
        return Judgement(None, (*found, Violation(refused.rule, str(refused))))
    if fields.operation is Operation.CALL:
        acting, more = _acting_by_role(fields.safe, fields.to, fields.data, book)
        book = replace(book, max_hops=1)
    else:
        acting, more = fields.safe, _signing(fields.safe, book)
    return Judgement(batch, (*found, *more, *judge_batch(batch, acting, book)))


def judge_role_call(
    to: Address, data: bytes, member: Address, decoder: BatchDecoder, book: Rulebook
) -> Judgement:
    """What the executor key sends by its role: nobody signs a Safe transaction for it."""
    try:
        batch = decoder.role_call(data)
    except UndecodableCallError as refused:
        return Judgement(None, (Violation(refused.rule, str(refused)),))
    acting, more = _acting_by_role(member, to, data, book)
    return Judgement(batch, (*more, *judge_batch(batch, acting, replace(book, max_hops=1))))


def gas_violations(
    *, safe_tx_gas: int, base_gas: int, gas_price: int, gas_token: str, refund_receiver: str
) -> tuple[Violation, ...]:
    """All five are zero, or money could leave beside the calls."""
    given = {
        "safeTxGas": safe_tx_gas,
        "baseGas": base_gas,
        "gasPrice": gas_price,
        "gasToken": int(gas_token, 16),
        "refundReceiver": int(refund_receiver, 16),
    }
    return tuple(
        Violation(Rule.GAS, f"{name} is not zero") for name, value in given.items() if value
    )


def judge_batch(batch: DecodedBatch, acting: Address, book: Rulebook) -> tuple[Violation, ...]:
    found: list[Violation] = []
    if book.latest_deadline is not None and batch.expires_at > book.latest_deadline:
        text = f"the deadline {batch.expires_at} is beyond the policy's {book.latest_deadline}"
        found.append(Violation(Rule.DEADLINE, text))
    ledger = _Allowances()
    for call in batch.calls:
        if call.function == EXEC_TRANSACTION:
            found += _nested(call, batch, book)
        elif call.function == APPROVE:
            found += ledger.approve(call, book)
        elif call.function == TRANSFER:
            found += _transfer(call, acting, book)
        else:
            found += _deal(call, batch, acting, book, ledger)
    return (*found, *ledger.left_over())


# ------------------------------------------------------------------------------------ who acts
def _signing(safe: Address, book: Rulebook) -> tuple[Violation, ...]:
    if safe == book.main_safe:
        return ()
    return (Violation(Rule.SAFE, f"{safe} is not the main Safe"),)


def _acting_by_role(
    member: Address, modifier: Address, data: bytes, book: Rulebook
) -> tuple[Address, tuple[Violation, ...]]:
    role = book.roles.get(modifier)
    if role is None:
        return modifier, (Violation(Rule.TARGET, f"{modifier} is no modifier of a tier Safe"),)
    found = []
    key = "0x" + decode_call(EXEC_WITH_ROLE, data)[4].hex()
    if key != role.role_key.lower():
        found.append(Violation(Rule.TARGET, f"role {key} is not the tier's"))
    if member != role.member:
        found.append(Violation(Rule.SAFE, f"{member} is not the member of the tier's role"))
    return role.safe, tuple(found)


def _nested(call: DecodedCall, outer: DecodedBatch, book: Rulebook) -> list[Violation]:
    told = dict(call.arguments)
    found = []
    if told["expires_at"] != str(outer.expires_at):
        found.append(Violation(Rule.DEADLINE, "the nested batch has another deadline"))
    if told["evidence"] != outer.evidence_digest:
        found.append(Violation(Rule.EVIDENCE, "the nested batch has other evidence"))
    inner = DecodedBatch(int(told["expires_at"]), told["evidence"], call.inner)
    return [*found, *judge_batch(inner, call.call.to, book)]


# ------------------------------------------------------------------------------------ calls
def _transfer(call: DecodedCall, acting: Address, book: Rulebook) -> list[Violation]:
    told = dict(call.arguments)
    found = _known_asset(call.call.to, book)
    recipient = to_address(told["recipient"])
    if recipient not in book.own_safes or recipient == acting:
        found.append(Violation(Rule.RECIPIENT, f"{recipient} is no other Safe of the treasury"))
    if told["amount"] == "0":
        found.append(Violation(Rule.MINIMUM, "a transfer of nothing"))
    return found


def _deal(
    call: DecodedCall,
    batch: DecodedBatch,
    acting: Address,
    book: Rulebook,
    ledger: _Allowances,
) -> list[Violation]:
    try:
        deal = book.read_deal(call)
    except NotAllowedError as refused:
        return [Violation(refused.rule, str(refused))]
    if deal is None:
        return [Violation(Rule.SELECTOR, f"{call.function} belongs to no venue")]
    found = [
        Violation(Rule.RECIPIENT, f"{recipient} is not the acting Safe {acting}")
        for recipient in deal.recipients
        if recipient != acting
    ]
    for asset in (deal.sell, *deal.through, deal.buy):
        found += _known_asset(asset, book)
    if len(deal.through) >= book.max_hops:
        text = f"a path of {len(deal.through) + 1} markets, allowed are {book.max_hops}"
        found.append(Violation(Rule.TARGET, text))
    if deal.deadline is not None and deal.deadline > batch.expires_at:
        text = f"the {deal.venue} call is good until {deal.deadline}, after the batch"
        found.append(Violation(Rule.DEADLINE, text))
    if deal.sell_units <= 0:
        found.append(Violation(Rule.MINIMUM, "a trade of nothing"))
    return [*found, *_minimum(deal, book), *ledger.use(deal)]


def _minimum(deal: Deal, book: Rulebook) -> list[Violation]:
    """Below what the policy lets a trade cost in all, at the prices that it was decided on."""
    if deal.min_buy_units is None:
        return []
    if deal.min_buy_units <= 0:
        return [Violation(Rule.MINIMUM, "the minimum out is zero")]
    sold, bought = book.worth.get(deal.sell), book.worth.get(deal.buy)
    if sold is None or bought is None:
        return []
    given = value_usd(units=deal.sell_units, decimals=sold.decimals, price_usd=sold.price_usd)
    least = value_usd(
        units=deal.min_buy_units, decimals=bought.decimals, price_usd=bought.price_usd
    )
    if least >= bps_of(value=given, bps=BPS - book.max_loss_bps):
        return []
    text = (
        f"a minimum worth {least:.2f} USD for {given:.2f} USD is more than "
        f"{book.max_loss_bps} bps below"
    )
    return [Violation(Rule.MINIMUM, text)]


def _known_asset(asset: Address, book: Rulebook) -> list[Violation]:
    if asset in book.assets:
        return []
    return [Violation(Rule.ASSET, f"{asset} is no asset of the treasury")]


class _Allowances:
    """One batch's approvals in order: given exactly, used once, taken back."""

    def __init__(self) -> None:
        self._given: dict[tuple[Address, Address], int] = {}
        self._used: set[tuple[Address, Address]] = set()

    def approve(self, call: DecodedCall, book: Rulebook) -> Sequence[Violation]:
        told = dict(call.arguments)
        token, spender, units = call.call.to, to_address(told["spender"]), int(told["amount"])
        key = (token, spender)
        found = _known_asset(token, book)
        if units == 0:
            if key in self._given and key not in self._used:
                found.append(Violation(Rule.SPENDER, f"{spender} takes nothing that it may take"))
            self._given.pop(key, None)
            self._used.discard(key)
            return found
        if units >= UNLIMITED:
            found.append(Violation(Rule.ALLOWANCE, f"an unlimited allowance of {token}"))
        if key in self._given:
            found.append(Violation(Rule.ALLOWANCE, f"a second allowance of {token}"))
        self._given[key] = units
        return found

    def use(self, deal: Deal) -> Sequence[Violation]:
        if deal.spender is None:
            return ()
        key = (deal.sell, deal.spender)
        if self._given.get(key) != deal.sell_units or key in self._used:
            return (Violation(Rule.ALLOWANCE, f"{deal.spender} has no exact allowance"),)
        self._used.add(key)
        return ()

    def left_over(self) -> Sequence[Violation]:
        found = []
        for token, spender in self._given:
            if (token, spender) not in self._used:
                found.append(Violation(Rule.SPENDER, f"{spender} is not the venue that is called"))
            found.append(Violation(Rule.ALLOWANCE, f"{spender} keeps an allowance of {token}"))
        return found
