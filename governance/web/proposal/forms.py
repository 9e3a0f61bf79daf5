"""What comes in by the page's forms, as values; the text of a signature as bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django.http import QueryDict

from governance.core.changing.legs import EditRefusedError, LegChange
from governance.core.scrutiny import Deliberation, Flag, Severity
from governance.selectors.dossiers import Dossier
from governance.services.deliberating.scrutinising import Scrutiny
from governance.services.deliberating.submitting import Said
from governance.services.signing import SigningRequest
from treasury.core.amounts import to_units

HEX = re.compile(r"(0x)?((?:[0-9a-fA-F]{2})+)")
AMOUNT = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
LEG_INPUT = re.compile(r"(leg|drop)-[0-9]{1,3}")
SIGNATURE_BYTES_MAX = 4096


class PastedError(ValueError):
    """What was pasted is no signature; the text says how one looks."""


@dataclass(frozen=True, slots=True)
class FlagField:
    flag: Flag
    is_done: bool
    is_kept: bool
    reason: str
    others: int
    error: str


def said_in(data: QueryDict) -> Said:
    ticked = {name: data.get(f"reason-{name}", "") for name in data.getlist("flag")}
    return Said(ticked, data.get("answer", "").strip())


def signature_in(data: QueryDict) -> bytes:
    """Whitespace and a missing 0x are forgiven, nothing else."""
    text = re.sub(r"\s+", "", data.get("signature", ""))
    if not text:
        raise PastedError("Paste the signature: 0x and 130 hexadecimal digits.")
    found = HEX.fullmatch(text)
    if found is None or len(text) > 2 + 2 * SIGNATURE_BYTES_MAX:
        raise PastedError("This is no signature: 0x and an even number of hexadecimal digits.")
    return bytes.fromhex(found[2])


def request_in(data: QueryDict, requests: tuple[SigningRequest, ...]) -> SigningRequest | None:
    """The one that the form names, among those that this person may sign."""
    named = data.get("as", "")
    return next((r for r in requests if named == f"{r.owner}:{r.signer}"), None)


def flag_fields(
    scrutiny: Scrutiny, said: Deliberation, *, kept: Said, errors: dict[str, str]
) -> tuple[FlagField, ...]:
    return tuple(
        FlagField(
            flag=flag,
            is_done=flag.name in said.acknowledged,
            is_kept=flag.name in kept.flags,
            reason=kept.flags.get(flag.name, ""),
            others=said.others.get(flag.name, 0),
            error=errors.get(flag.name, ""),
        )
        for flag in scrutiny.flags
        if flag.severity is not Severity.INFO
    )


@dataclass(frozen=True, slots=True)
class LegField:
    """What a person may make of one leg: `amount` as it stands in the input, `largest` as it is
    now, both whole tokens without separators."""

    index: int
    title: str
    unit: str
    amount: str
    largest: str
    is_dropped: bool
    error: str

    @property
    def number(self) -> int:
        return self.index + 1


def leg_inputs(data: QueryDict) -> dict[str, str]:
    """What was typed about legs, by the name of its input."""
    return {name: data.get(name, "") for name in data if LEG_INPUT.fullmatch(name)}


def leg_fields(
    found: Dossier, *, kept: Mapping[str, str] | None, errors: Mapping[str, str]
) -> tuple[LegField, ...]:
    return tuple(
        LegField(
            index=leg.index,
            title=f"{found.symbol(leg.sell)} to {found.symbol(leg.buy)}",
            unit=found.symbol(leg.sell),
            amount=(kept or {}).get(f"leg-{leg.index}", _whole(leg.sell_units, found, leg.sell)),
            largest=_whole(leg.sell_units, found, leg.sell),
            is_dropped=bool((kept or {}).get(f"drop-{leg.index}")),
            error=errors.get(f"leg-{leg.index}", ""),
        )
        for leg in found.plan.legs
    )


def leg_changes(data: QueryDict, found: Dossier) -> tuple[LegChange, ...]:
    """Exact, or refused: an amount is never rounded for somebody. Raises EditRefusedError with the
    leg."""
    return tuple(
        LegChange(
            leg.index, _units(data, leg.index, found.symbol(leg.sell), found.decimals(leg.sell))
        )
        for leg in found.plan.legs
    )


def _units(data: QueryDict, index: int, symbol: str, decimals: int) -> int:
    if data.get(f"drop-{index}"):
        return 0
    text = data.get(f"leg-{index}", "").strip()
    if not AMOUNT.fullmatch(text):
        detail = f"write an amount of {symbol} like 1234.56, without other signs, or drop the leg"
        raise EditRefusedError("no_amount", detail, index)
    places = len(text.partition(".")[2].rstrip("0"))
    if places > decimals:
        detail = f"{symbol} has {decimals} decimals, this amount has {places}"
        raise EditRefusedError("too_many_decimals", detail, index)
    return to_units(amount=Decimal(text), decimals=decimals, rounding=ROUND_DOWN)


def _whole(units: int, found: Dossier, asset: str) -> str:
    """As an input takes it: `1234.5`, no separators, no trailing zeros."""
    text = f"{Decimal(units).scaleb(-found.decimals(asset)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
