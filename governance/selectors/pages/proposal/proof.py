"""What a signer compares with tools that are not ours: fields, hashes, calls, evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from execution.core.abi import UndecodableCallError
from execution.core.decoding import DecodedCall
from execution.core.pools.paths import decode_path
from execution.core.safe_tx import domain_separator, message_hash, safe_tx_hash
from execution.core.types import Operation, SafeTxFields
from execution.selectors.plans import fields_of
from governance.selectors.dossiers import Dossier
from governance.selectors.pages.proposal.wording import exact_amount
from governance.selectors.proposals import plan_of
from treasury.core.types import Address

ZERO = "0x" + "0" * 40
AMOUNTS = {"amount": "", "amount_in": "token_in", "amount_out_minimum": "token_out"}
"""Arguments that are token amounts -> the argument that names their token ("" : the contract)."""
TIMES = frozenset({"deadline", "expires_at"})
FUNCTION_NAMES = {
    "approve": "Allow",
    "swap": "Swap",
    "deposit": "Deposit",
    "withdraw": "Withdraw",
    "transfer": "Transfer",
    "nested": "Act in a tier's Safe",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """`said` is the value in words where we know what it is, `raw` exactly what is signed."""

    name: str
    raw: str
    said: str
    is_time: bool = False

    @property
    def seconds(self) -> int:
        """Of a time: Unix seconds."""
        return int(self.raw)


@dataclass(frozen=True, slots=True)
class CallLine:
    """`target` is the label of the address called, empty when nobody named it."""

    number: str
    title: str
    function: str
    to: str
    target: str
    arguments: tuple[Argument, ...]
    data: str
    inner: tuple[CallLine, ...]


@dataclass(frozen=True, slots=True)
class SignedLine:
    """Ten fields and three hashes of one Safe transaction. `fields` are in the order in which a
    hardware wallet shows them; hashes are ours, for comparison only."""

    title: str
    safe: str
    chain_id: int
    fields: tuple[tuple[str, str], ...]
    domain_hash: str
    message_hash: str
    safe_tx_hash: str
    matches_stored: bool
    is_prediction: bool

    @property
    def for_browser(self) -> str:
        """What the browser recomputes the hashes from: the fields, never a hash."""
        body = {"chainId": str(self.chain_id), "safe": self.safe, "fields": dict(self.fields)}
        return json.dumps(body)


@dataclass(frozen=True, slots=True)
class Proof:
    signed: SignedLine | None
    nested: tuple[SignedLine, ...]
    evidence_digest: str
    evidence_text: str
    batch_data: str


def proof(found: Dossier) -> Proof:
    plan_row, signed = plan_of(found.proposal), found.proposal.safe_transaction
    nested: list[Any] = []
    if signed is not None:
        rows = found.around.transactions if found.is_nested else ()
        nested = [row for row in rows if row.parent_id == signed.pk]
    return Proof(
        signed=_signed(signed, "You sign this", is_prediction=False) if signed else None,
        nested=tuple(
            _signed(row, f"Inside: {row.safe.name} Safe", is_prediction=True) for row in nested
        ),
        evidence_digest=found.batch.evidence_digest if found.batch else plan_row.evidence_digest,
        evidence_text=plan_row.evidence,
        batch_data="0x" + bytes(signed.data).hex() if signed else "",
    )


def rejection_line(found: Dossier) -> SignedLine | None:
    """The empty call at the same nonce, once somebody asked for it."""
    row = found.around.rejection
    return _signed(row, "You sign this instead", is_prediction=False) if row else None


def call_lines(found: Dossier) -> tuple[CallLine, ...]:
    return _calls(found, found.batch.calls if found.batch else (), "")


def _calls(found: Dossier, calls: Iterable[DecodedCall], prefix: str) -> tuple[CallLine, ...]:
    return tuple(
        CallLine(
            number=f"{prefix}{number}",
            title=_title(found, call),
            function=call.function.partition("(")[0],
            to=call.call.to,
            target=found.labels.get(call.call.to, ""),
            arguments=_arguments(found, call),
            data="0x" + call.call.data.hex(),
            inner=_calls(found, call.inner, f"{prefix}{number}."),
        )
        for number, call in enumerate(calls, 1)
    )


def values_of(call: DecodedCall) -> dict[str, str]:
    """Arguments by name; a path also says which tokens stand at its ends."""
    values = dict(call.arguments)
    if "path" in values:
        with suppress(UndecodableCallError):
            tokens, _ = decode_path(bytes.fromhex(values["path"][2:]))
            values |= {"token_in": tokens[0], "token_out": tokens[-1]}
    return values


def path_words(raw: str, symbol: Callable[[str], str]) -> str:
    """`DAI, 0.01 % pool, USDC, 0.05 % pool, WETH`; nothing for bytes that are no path."""
    try:
        tokens, fees = decode_path(bytes.fromhex(raw[2:]))
    except UndecodableCallError:
        return ""
    words = [symbol(tokens[0])]
    for fee, token in zip(fees, tokens[1:], strict=True):
        words += [f"{Decimal(fee) / 10_000:f} % pool", symbol(token)]
    return ", ".join(words)


def _title(found: Dossier, call: DecodedCall) -> str:
    values = dict(call.arguments)
    if call.call.purpose == "approve" and values.get("amount") == "0":
        return f"Take the allowance back: {found.symbol(call.call.to)}"
    title = FUNCTION_NAMES.get(call.call.purpose, call.call.purpose.capitalize())
    if call.call.purpose in {"approve", "transfer"}:
        return f"{title} {_amount(found, call, 'amount')}"
    if "amount_in" in values:
        return (
            f"{title} {_amount(found, call, 'amount_in')} for at least"
            f" {_amount(found, call, 'amount_out_minimum')}"
        )
    return title


def _arguments(found: Dossier, call: DecodedCall) -> tuple[Argument, ...]:
    lines = []
    for name, raw in call.arguments:
        said = found.labels.get(raw, "")
        if name in AMOUNTS:
            said = _amount(found, call, name)
        elif name == "path":
            said = path_words(raw, found.symbol)
        lines.append(Argument(name.replace("_", " "), raw, said, name in TIMES))
    return tuple(lines)


def _amount(found: Dossier, call: DecodedCall, name: str) -> str:
    values = values_of(call)
    token = values.get(AMOUNTS[name], "") if AMOUNTS[name] else call.call.to
    if Address(token) not in found.view.assets or name not in values:
        return ""
    return f"{exact_amount(int(values[name]), found.decimals(token))} {found.symbol(token)}"


def _signed(row: Any, title: str, *, is_prediction: bool) -> SignedLine:
    fields = fields_of(row)
    return SignedLine(
        title=title,
        safe=fields.safe,
        chain_id=fields.chain_id,
        fields=_ten_fields(fields),
        domain_hash="0x" + domain_separator(fields.chain_id, fields.safe).hex(),
        message_hash="0x" + message_hash(fields).hex(),
        safe_tx_hash=safe_tx_hash(fields),
        matches_stored=safe_tx_hash(fields) == row.safe_tx_hash,
        is_prediction=is_prediction,
    )


def _ten_fields(fields: SafeTxFields) -> tuple[tuple[str, str], ...]:
    """The contract's names and order; gas and refund are zero by construction."""
    return (
        ("to", fields.to),
        ("value", str(fields.value)),
        ("data", "0x" + fields.data.hex()),
        ("operation", str(int(Operation(fields.operation)))),
        ("safeTxGas", "0"),
        ("baseGas", "0"),
        ("gasPrice", "0"),
        ("gasToken", ZERO),
        ("refundReceiver", ZERO),
        ("nonce", str(fields.nonce)),
    )
