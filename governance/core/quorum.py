"""Whether enough signatures can come: a forecast from who is away and how fast people answer
(G11). It decides nothing; the Safe's threshold does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quorum(StrEnum):
    SAFE = "SAFE"
    AT_RISK = "AT_RISK"
    OUT_OF_REACH = "OUT_OF_REACH"


@dataclass(frozen=True, slots=True)
class OwnerAvailability:
    """One owner of the Safe. `is_known`: a person stands behind the address. An owner that is a
    Safe is absent when too few of its members are there. `median_response_seconds`: from being
    asked to signing, None when it never signed."""

    name: str
    is_known: bool = True
    is_absent: bool = False
    median_response_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class QuorumCase:
    """`within_seconds`: how long a proposal lives by the strictest policy, None when unknown."""

    owners: tuple[OwnerAvailability, ...]
    threshold: int
    within_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class QuorumVerdict:
    """`present` may sign, `prompt` of them usually do so in time; `words` say why, in one or two
    sentences."""

    level: Quorum
    present: int
    prompt: int
    threshold: int
    words: str


def forecast(case: QuorumCase) -> QuorumVerdict:
    """OUT_OF_REACH when fewer owners are there than must sign; AT_RISK when one more absence, one
    slow owner or one address without a person would make it so."""
    present = [owner for owner in case.owners if not owner.is_absent]
    prompt = [owner for owner in present if owner.is_known and not _is_slow(owner, case)]
    if len(present) < case.threshold:
        level = Quorum.OUT_OF_REACH
    elif len(present) == case.threshold or len(prompt) < case.threshold:
        level = Quorum.AT_RISK
    else:
        level = Quorum.SAFE
    return QuorumVerdict(
        level, len(present), len(prompt), case.threshold, _words(case, level, len(present))
    )


def _is_slow(owner: OwnerAvailability, case: QuorumCase) -> bool:
    return (
        case.within_seconds is not None
        and owner.median_response_seconds is not None
        and owner.median_response_seconds > case.within_seconds
    )


def _words(case: QuorumCase, level: Quorum, present: int) -> str:
    spare = present - case.threshold
    sentence = {
        Quorum.OUT_OF_REACH: (
            f"{case.threshold} signatures are needed and only {present} can come: nothing of the"
            " multisig route is executed until somebody is back."
        ),
        Quorum.AT_RISK: (
            f"{case.threshold} signatures are needed and {present} can come: one more missing"
            " and nothing is executed."
        ),
        Quorum.SAFE: f"{case.threshold} signatures are needed and {present} can come.",
    }[level]
    if level is Quorum.AT_RISK and spare > 0:
        sentence = (
            f"{case.threshold} signatures are needed and {present} can come, but not all of them"
            " in time or from a person we know."
        )
    reasons = [
        _listed("away", [o.name for o in case.owners if o.is_absent]),
        _listed("usually too late", [o.name for o in case.owners if _is_slow(o, case)]),
        _listed("no person known", [o.name for o in case.owners if not o.is_known]),
    ]
    told = "; ".join(filter(None, reasons))
    return f"{sentence} {told[0].upper()}{told[1:]}." if told else sentence


def _listed(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""


def median(values: tuple[int, ...]) -> int | None:
    """The middle one; of two middle ones the later, so that nobody looks faster than they are."""
    return sorted(values)[len(values) // 2] if values else None
