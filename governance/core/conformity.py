"""What the page and the API say of a proposal's checks: one line per check, with its evidence.

The table is that of the proposal page: which rule's violation belongs to which check, and how bad
a failure is. Pure; the facts are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from execution.core.types import Rule, Violation


class Status(StrEnum):
    PASS = "PASS"  # noqa: S105  the word for a check that holds, no secret
    WARN = "WARN"
    FAIL = "FAIL"


class Subject(StrEnum):
    """The checks in the order in which a signer should read them; the value is the heading."""

    TARGETS = "Targets and recipients"
    OPERATION = "Operation"
    ALLOWANCES = "Allowances"
    FRAME = "Deadline and evidence"
    NESTING = "Nested transaction"
    CONFIGURATION = "Owners, threshold, modules, guard, handler"
    GAS = "Gas and refund fields"
    HASH = "Hash"
    POLICY = "Policy"
    PRICES = "Prices"
    MINIMUM = "Minimum out"
    LIMITS = "Cost, trade size, turnover"
    LOTS = "Tax lots"
    NONCE = "Nonce order"
    LOOK_ALIKE = "Look-alike addresses"
    NOTICES = "Upgrades and known issues"
    SIMULATION = "Simulation"
    HALTS = "Halts"


@dataclass(frozen=True, slots=True)
class Check:
    """`text` is one sentence for a signer; `evidence` the numbers, addresses or hashes behind it.
    FAIL: do not sign. WARN: look closer."""

    name: Subject
    status: Status
    text: str
    evidence: str


SUBJECTS: dict[Rule, Subject] = {
    Rule.CHAIN: Subject.HASH,
    Rule.SAFE: Subject.HASH,
    Rule.GAS: Subject.GAS,
    Rule.OPERATION: Subject.OPERATION,
    Rule.ADMINISTRATION: Subject.CONFIGURATION,
    Rule.SELECTOR: Subject.TARGETS,
    Rule.BYTES: Subject.TARGETS,
    Rule.NESTING: Subject.NESTING,
    Rule.DEADLINE: Subject.FRAME,
    Rule.EVIDENCE: Subject.FRAME,
    Rule.ASSET: Subject.TARGETS,
    Rule.TARGET: Subject.TARGETS,
    Rule.RECIPIENT: Subject.TARGETS,
    Rule.SPENDER: Subject.ALLOWANCES,
    Rule.ALLOWANCE: Subject.ALLOWANCES,
    Rule.MINIMUM: Subject.MINIMUM,
    Rule.HASH: Subject.HASH,
    Rule.FIELDS: Subject.HASH,
    Rule.PLAN: Subject.HASH,
    Rule.POLICY: Subject.POLICY,
}

KEPT: dict[Subject, str] = {
    Subject.TARGETS: "Every call goes to an allowed contract, and every unit comes back to a Safe "
    "of the treasury.",
    Subject.OPERATION: "Only plain calls, batched by the pinned MultiSendCallOnly.",
    Subject.ALLOWANCES: "Every allowance is exact, used once and taken back.",
    Subject.FRAME: "The batch ends at its deadline, and carries the digest of its reasons.",
    Subject.NESTING: "At most one nested transaction, into a Safe of the treasury.",
    Subject.GAS: "Nothing is paid beside the calls.",
    Subject.HASH: "The stored hashes are those of the stored fields.",
    Subject.POLICY: "The policy that decided is the one on record.",
    Subject.MINIMUM: "The least that every trade accepts is inside the policy's tolerance.",
}
"""What a check without a violation says; the other checks have texts of their own."""

NEAR = 4
"""Hex digits at each end that people compare."""


def checks_of(violations: Iterable[Violation], evidence: dict[Subject, str]) -> tuple[Check, ...]:
    """One check per subject of `KEPT`, failed by the violations of its rules."""
    found: dict[Subject, list[str]] = {}
    for violation in violations:
        found.setdefault(SUBJECTS[violation.rule], []).append(violation.text)
    checks = []
    for subject, text in KEPT.items():
        broken = found.pop(subject, [])
        checks.append(_check(subject, broken, text, evidence.get(subject, "")))
    checks += [_check(subject, broken, "", "") for subject, broken in found.items()]
    return tuple(checks)


def _check(subject: Subject, broken: list[str], text: str, evidence: str) -> Check:
    if not broken:
        return Check(subject, Status.PASS, text, evidence)
    return Check(subject, Status.FAIL, _sentence(broken[0]), "; ".join(broken)[:600])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def in_order(checks: Iterable[Check]) -> tuple[Check, ...]:
    order = list(Subject)
    return tuple(sorted(checks, key=lambda check: order.index(check.name)))


def one_each(checks: Iterable[Check]) -> tuple[Check, ...]:
    """One line per subject: the worst that was found of it, the first of equals."""
    order, found = list(Status), dict[Subject, Check]()
    for check in checks:
        known = found.get(check.name)
        if known is None or order.index(check.status) > order.index(known.status):
            found[check.name] = check
    return tuple(found.values())


def worst_of(checks: Iterable[Check]) -> Status:
    """FAIL: do not sign. WARN: look closer. PASS: nothing speaks against it."""
    order = list(Status)
    return max((check.status for check in checks), key=order.index, default=Status.PASS)


def look_alikes(addresses: Iterable[str], known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(address, known address) pairs that agree at both ends and are not the same: what a poisoned
    history looks like."""
    ends: dict[tuple[str, str], set[str]] = {}
    for address in known:
        ends.setdefault(_ends(address), set()).add(address)
    return tuple(
        (address, other)
        for address in sorted(set(addresses))
        for other in sorted(ends.get(_ends(address), ()))
        if other.lower() != address.lower()
    )


def _ends(address: str) -> tuple[str, str]:
    digits = address.lower().removeprefix("0x")
    return digits[:NEAR], digits[-NEAR:]
