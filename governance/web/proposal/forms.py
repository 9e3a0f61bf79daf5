"""What comes in by the page's forms, as values; the text of a signature as bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import QueryDict

from governance.core.scrutiny import Deliberation, Flag, Severity
from governance.services.deliberating.scrutinising import Scrutiny
from governance.services.deliberating.submitting import Said
from governance.services.signing import SigningRequest

HEX = re.compile(r"(0x)?((?:[0-9a-fA-F]{2})+)")
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
