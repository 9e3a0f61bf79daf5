"""A Safe transaction that somebody brought, as its page shows it: everything from its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Now

from execution.core.decoding import DecodedCall
from execution.core.safe_tx import domain_separator, message_hash
from execution.core.types import Rule, Violation
from governance.core.guarding.imports import External
from governance.models import AddressEntry
from governance.selectors.imports import Judged
from governance.selectors.pages.proposal.proof import (
    AMOUNTS,
    FUNCTION_NAMES,
    TIMES,
    Argument,
    CallLine,
    SignedLine,
    path_words,
    values_of,
)
from governance.selectors.pages.proposal.wording import exact_amount

NAMES = (
    *("to", "value", "data", "operation", "safeTxGas", "baseGas"),
    *("gasPrice", "gasToken", "refundReceiver", "nonce"),
)
"""The contract's names of the ten fields, in the order in which a document's are kept."""


@dataclass(frozen=True, slots=True)
class ExternalSheet:
    """`signed.fields` are those that were given. `has_hashes` is false where they ask for gas or a
    refund: no hash of ours stands for such a transaction. `expires_at` is block time, None where
    the bytes cannot be explained."""

    external: External
    violations: tuple[Violation, ...]
    own: str
    signed: SignedLine
    has_hashes: bool
    calls: tuple[CallLine, ...]
    expires_at: int | None


def external_sheet(external: External, judged: Judged, *, treasury_id: int) -> ExternalSheet:
    """One query more than the judgement."""
    fields, batch = external.fields, judged.batch
    words = _Words.of(judged, treasury_id)
    return ExternalSheet(
        external=external,
        violations=judged.violations,
        own=judged.own,
        signed=SignedLine(
            title="What its signers would sign",
            safe=fields.safe,
            chain_id=fields.chain_id,
            fields=tuple(zip(NAMES, external.given.values(), strict=True)),
            domain_hash="0x" + domain_separator(fields.chain_id, fields.safe).hex(),
            message_hash="0x" + message_hash(fields).hex(),
            safe_tx_hash=external.hash,
            matches_stored=external.stated_hash in ("", external.hash),
            is_prediction=False,
        ),
        has_hashes=all(found.rule is not Rule.GAS for found in judged.violations),
        calls=words.lines(batch.calls, "") if batch else (),
        expires_at=batch.expires_at if batch else None,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """What we call the addresses, and the tokens by address: (symbol, decimals)."""

    labels: dict[str, str]
    tokens: dict[str, tuple[str, int]]

    @classmethod
    def of(cls, judged: Judged, treasury_id: int) -> _Words:
        book = AddressEntry.objects.filter(
            treasury_id=treasury_id,
            approver__isnull=False,
            withdrawn_at__isnull=True,
            expires_at__gt=Now(),
        )
        labels: dict[str, str] = dict(book.values_list("address", "label"))
        holdings = [holding for terms in judged.terms for holding in terms.holdings]
        tokens: dict[str, tuple[str, int]] = {
            str(holding.asset): (holding.symbol, holding.decimals) for holding in holdings
        }
        labels |= {address: f"{symbol} token" for address, (symbol, _) in tokens.items()}
        safes: list[Any] = [terms.tier.safe for terms in judged.terms]
        labels |= {safe.address: f"{safe.name} Safe" for safe in safes}
        return cls(labels, tokens)

    def lines(self, calls: Iterable[DecodedCall], prefix: str) -> tuple[CallLine, ...]:
        return tuple(
            CallLine(
                number=f"{prefix}{number}",
                title=self._title(call),
                function=call.function.partition("(")[0],
                to=call.call.to,
                target=self.labels.get(call.call.to, ""),
                arguments=tuple(self._argument(call, name) for name, _ in call.arguments),
                data="0x" + call.call.data.hex(),
                inner=self.lines(call.inner, f"{prefix}{number}."),
            )
            for number, call in enumerate(calls, 1)
        )

    def _symbol(self, address: str) -> str:
        return self.tokens[address][0] if address in self.tokens else address

    def _title(self, call: DecodedCall) -> str:
        """What is done and how much of it, where we know the token."""
        title = FUNCTION_NAMES.get(call.call.purpose, call.call.purpose.capitalize())
        values = values_of(call)
        if call.call.purpose == "approve" and values.get("amount") == "0":
            return f"Take the allowance back: {self.labels.get(call.call.to, call.call.to)}"
        amounts = [self._amount(call, name) for name in AMOUNTS if name in values]
        return f"{title} {' for at least '.join(filter(None, amounts))}".strip()

    def _amount(self, call: DecodedCall, name: str) -> str:
        """Empty where the argument is no amount, or of a token that we do not know."""
        values = values_of(call)
        if name not in AMOUNTS:
            return ""
        of = values.get(AMOUNTS[name], "") if AMOUNTS[name] else call.call.to
        if of not in self.tokens:
            return ""
        symbol, decimals = self.tokens[of]
        return f"{exact_amount(int(values[name]), decimals)} {symbol}"

    def _argument(self, call: DecodedCall, name: str) -> Argument:
        raw = values_of(call)[name]
        said = self._amount(call, name) or self.labels.get(raw, "")
        if name == "path":
            said = path_words(raw, self._symbol)
        return Argument(name.replace("_", " "), raw, said, name in TIMES)
