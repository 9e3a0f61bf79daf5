"""Risk flags of a proposal, by name and severity, and what they demand of the person who lets it
pass (G4).

A flag is a fact worth a second look, never a forecast. INFO is told; WARN is acknowledged by its
name; CRITICAL needs the reason in writing and a second person who wrote theirs. A WARN, a CRITICAL
or a large value also asks the question of `questions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from governance.core.conformity import look_alikes

BPS = Decimal(10_000)
LARGE_SHARE_BPS = 2_500
"""From this share of the treasury's value on a proposal is a WARN, whatever the policy says."""


class Severity(StrEnum):
    INFO = "INFO"
    WARN = "WARN"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True)
class Flag:
    """`name` is what a person acknowledges; `text` says what was found, with its numbers."""

    name: str
    severity: Severity
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class HaltFact:
    """An open halt over the tier; `blocks` when nothing of this route may be executed under it."""

    breaker: str
    level: str
    reason: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the flags are computed from. Shares and costs in bps of the proposal's or treasury's
    value; `worse_bps` is how far the newest simulation lies under the quotes that were planned on
    (None: there was none), `floor_bps` how far the signed minimum lies under them; `queue_ahead`
    counts transactions that must be executed first. `outside` are addresses that the batch calls
    or pays, `known` those that the treasury knows, with their labels."""

    value_usd: Decimal
    nav_usd: Decimal
    cost_bps: Decimal
    cost_cap_bps: int
    floor_bps: int
    worse_bps: int | None = None
    simulation_error: str = ""
    price_off_bps: Decimal = Decimal(0)
    price_tolerance_bps: int = 0
    queue_ahead: int = 0
    notices: tuple[str, ...] = ()
    halts: tuple[HaltFact, ...] = ()
    outside: tuple[str, ...] = ()
    known: tuple[tuple[str, str], ...] = ()
    new_venues: tuple[str, ...] = ()
    is_strategic: bool = False
    is_nested: bool = False
    author: str = ""


def flags(facts: Facts) -> tuple[Flag, ...]:
    """All that is up, the most severe first; names are unique."""
    found = [
        *_addresses(facts),
        *_simulation(facts),
        *_costs(facts),
        *_order(facts),
        *_surroundings(facts),
        *_character(facts),
    ]
    order = list(reversed(Severity))
    return tuple(sorted(found, key=lambda flag: order.index(flag.severity)))


def strangers_alike(
    addresses: Iterable[str], known: Mapping[str, str]
) -> tuple[tuple[str, str, str], ...]:
    """(address, the known one it resembles, its label). What is known itself resembles nothing."""
    books = {address.lower() for address in known}
    strangers = [address for address in addresses if address.lower() not in books]
    return tuple((address, twin, known[twin]) for address, twin in look_alikes(strangers, known))


def _addresses(facts: Facts) -> Iterator[Flag]:
    for address, twin, label in strangers_alike(facts.outside, dict(facts.known)):
        yield Flag(
            "lookalike_address",
            Severity.CRITICAL,
            "An address only looks familiar",
            f"{address} is not {label}: that one is {twin}. They differ in the middle.",
        )
        return


def _simulation(facts: Facts) -> Iterator[Flag]:
    if facts.simulation_error:
        yield Flag(
            "simulation_fails",
            Severity.CRITICAL,
            "It fails at the newest block",
            f"Run on the newest block it ends with: {facts.simulation_error}",
        )
    elif facts.worse_bps is not None and facts.worse_bps * 2 > facts.floor_bps > 0:
        yield Flag(
            "simulation_worse",
            Severity.WARN,
            "The market moved against it",
            f"At the newest block it brings {facts.worse_bps} bp less than planned;"
            f" it reverts at {facts.floor_bps} bp less.",
        )


def _costs(facts: Facts) -> Iterator[Flag]:
    if facts.cost_bps > facts.cost_cap_bps:
        yield Flag(
            "cost_over_cap",
            Severity.WARN,
            "It costs more than the cap",
            f"{_percent(facts.cost_bps)} of its value; the policy allows"
            f" {_percent(facts.cost_cap_bps)}.",
        )
    if facts.price_off_bps > facts.price_tolerance_bps > 0:
        yield Flag(
            "price_off_median",
            Severity.WARN,
            "Its price is off the median",
            f"The worst price it accepts lies {_percent(facts.price_off_bps)} under the median of"
            f" the sources; tolerated are {_percent(facts.price_tolerance_bps)}.",
        )


def _order(facts: Facts) -> Iterator[Flag]:
    if facts.queue_ahead:
        what = "transaction" if facts.queue_ahead == 1 else "transactions"
        yield Flag(
            "nonce_gap",
            Severity.WARN,
            "It waits behind others",
            f"{facts.queue_ahead} {what} of this Safe must be executed first.",
        )


def _surroundings(facts: Facts) -> Iterator[Flag]:
    if facts.notices:
        yield Flag(
            "notice_in_window",
            Severity.WARN,
            "A notice falls into its window",
            "; ".join(facts.notices),
        )
    blocking = [halt for halt in facts.halts if halt.blocks]
    if blocking:
        yield Flag("halted", Severity.CRITICAL, "The tier is halted", _halts(blocking))
    elif facts.halts:
        yield Flag("halt_open", Severity.INFO, "A halt made it more manual", _halts(facts.halts))


def _halts(halts: Iterable[HaltFact]) -> str:
    return "; ".join(f"{halt.breaker} ({halt.level}): {halt.reason}" for halt in halts)


def _character(facts: Facts) -> Iterator[Flag]:
    share = facts.value_usd / facts.nav_usd * BPS if facts.nav_usd > 0 else BPS
    if share >= LARGE_SHARE_BPS:
        yield Flag(
            "large_share",
            Severity.WARN,
            "It moves a large part of the treasury",
            f"{_percent(share)} of the treasury's value.",
        )
    if facts.new_venues:
        yield Flag(
            "new_venue",
            Severity.INFO,
            "First use of a venue",
            f"This tier has not traded on {', '.join(facts.new_venues)} before.",
        )
    if facts.is_nested:
        yield Flag(
            "nested",
            Severity.INFO,
            "It works in a tier's Safe",
            "The main Safe signs for the tier's Safe: two hashes, of which you sign the outer.",
        )
    if facts.is_strategic:
        yield Flag("strategic", Severity.INFO, "Strategic", "The policy calls this strategic.")
    if facts.author:
        yield Flag(
            "asked_for_by_a_person",
            Severity.INFO,
            "A person asked for it",
            f"{facts.author} asked for it; no trigger of the policy did by itself.",
        )


def _percent(bps: Decimal | int) -> str:
    return f"{Decimal(bps) / 100:.2f} %"


# ------------------------------------------------------------------------------------ the gate
@dataclass(frozen=True, slots=True)
class Demand:
    """What a person still has to do before their signature or approval is taken."""

    code: str
    flag: str
    text: str


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What was said so far, bound to this very plan: this person's acknowledgements (flag ->
    reason), how many others wrote a reason per flag, and whether this person answered right."""

    acknowledged: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    answered: bool = False


def needs_question(found: Iterable[Flag], *, value_usd: Decimal, limit_usd: Decimal) -> bool:
    """At the limit counts. A limit of zero asks always."""
    return value_usd >= limit_usd or any(flag.severity is not Severity.INFO for flag in found)


def demands(
    found: Iterable[Flag], *, question_needed: bool, said: Deliberation
) -> tuple[Demand, ...]:
    """Empty when nothing stands between this person and their signature."""
    missing: list[Demand] = []
    for flag in found:
        if flag.severity is Severity.INFO:
            continue
        reason = said.acknowledged.get(flag.name)
        if reason is None:
            missing.append(
                Demand("flag_unacknowledged", flag.name, f"acknowledge the risk: {flag.title}")
            )
        elif flag.severity is Severity.CRITICAL and not reason.strip():
            missing.append(
                Demand("reason_required", flag.name, f"say in writing why, of: {flag.title}")
            )
        elif flag.severity is Severity.CRITICAL and not said.others.get(flag.name):
            missing.append(
                Demand(
                    "second_person_required",
                    flag.name,
                    f"a second person must write why, of: {flag.title}",
                )
            )
    if question_needed and not said.answered:
        missing.append(
            Demand("question_unanswered", "", "answer the question drawn from this proposal")
        )
    return tuple(missing)
