"""What a message says: one line that tells what to do, then the numbers it rests on.

Words only; nobody decides by a message. So each says where to look, and none holds a button.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from governance.core.telling.topics import Topic

SUBJECT_CHARACTERS = 200
CAUTION = (
    "Nothing can be approved by answering this message. Open Ballast by your own bookmark when in"
    " doubt, and compare the hashes on your wallet before you sign."
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message may say. Times are block time (Unix seconds), money is USD; `name` is what
    the message is about (a breaker, a channel); `path` leads to its page."""

    treasury: str
    tier: str = ""
    name: str = ""
    value_usd: Decimal | None = None
    estimated_cost_usd: Decimal | None = None
    actual_cost_usd: Decimal | None = None
    expires_at: int | None = None
    why: str = ""
    lines: tuple[str, ...] = ()
    path: str = "/"

    @property
    def where(self) -> str:
        return self.tier or self.treasury


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    body: str


SUBJECTS: dict[Topic, str] = {
    Topic.NEEDS_SIGNATURE: "{where}: your signature is asked for{value}",
    Topic.NEEDS_APPROVAL: "{where}: your approval is asked for{value}",
    Topic.REMINDER: "{where}: still waiting{value}",
    Topic.UNANSWERED: "{where}: nobody has acted{value}",
    Topic.EXPIRING: "{where}: a proposal is about to expire{value}",
    Topic.EXPIRED: "{where}: a proposal has expired{value}",
    Topic.EXECUTED: "{where}: executed and booked{value}",
    Topic.FAILED: "{where}: an execution failed{value}",
    Topic.UNDONE: "{where}: an execution was undone by the chain",
    Topic.REJECTED: "{where}: a proposal was stopped{value}",
    Topic.SUPERSEDED: "{where}: a proposal was replaced by a newer one",
    Topic.FROZEN: "{where}: a proposal is frozen, two people have to look{value}",
    Topic.HALT: "{where}: halted by {name}",
    Topic.HALT_ENDED: "{where}: the halt {name} has ended",
    Topic.NEAR_LIMIT: "{where}: {name} comes near its limit",
    Topic.BREAK: "{where}: books and chain differ",
    Topic.FEED: "{where}: a price was refused",
    Topic.POLICY: "{where}: another policy comes into force",
    Topic.QUORUM: "{where}: signatures may be missing",
    Topic.CHANNEL: "{where}: a channel was switched off",
    Topic.TEST: "{where}: a test message",
}
OPENINGS: dict[Topic, str] = {
    Topic.NEEDS_SIGNATURE: (
        "{treasury} asks for your signature: a proposal to rebalance {where}. It is executed only"
        " when enough owners of the Safe have signed."
    ),
    Topic.NEEDS_APPROVAL: (
        "{treasury} asks for an operator's approval of a proposal to rebalance {where}. One"
        " approval is enough; then it is executed within the limits that the chain enforces."
    ),
    Topic.REMINDER: "A proposal to rebalance {where} still waits for what was asked of people.",
    Topic.UNANSWERED: (
        "Nobody has acted on a proposal to rebalance {where} in the time that its policy gives."
        " You answer for this tier: see that somebody looks at it, or stop it."
    ),
    Topic.EXPIRING: (
        "Three quarters of the life of a proposal to rebalance {where} are over. Without what it"
        " waits for it ends unexecuted; nothing else happens then."
    ),
    Topic.EXPIRED: "A proposal to rebalance {where} ended without being executed.",
    Topic.EXECUTED: "A proposal to rebalance {where} was executed, reconciled and booked.",
    Topic.FAILED: (
        "A proposal to rebalance {where} ended without its effect. What it left behind is on its"
        " page; nothing is tried again by itself."
    ),
    Topic.UNDONE: (
        "The chain was reorganised: an execution that {treasury} had booked no longer stands. The"
        " entries were reversed, and Ballast watches on."
    ),
    Topic.REJECTED: (
        "A proposal to rebalance {where} was stopped. Signatures that exist stay valid on the"
        " chain until its deadline."
    ),
    Topic.SUPERSEDED: "A proposal to rebalance {where} made room for a newer one.",
    Topic.FROZEN: (
        "A proposal to rebalance {where} is frozen. Nothing is sent any more; two people who end"
        " its halt let it go on."
    ),
    Topic.HALT: "{treasury} has stopped acting on {where} by itself.",
    Topic.HALT_ENDED: "{treasury} may act on {where} again.",
    Topic.NEAR_LIMIT: (
        "A breaker of {where} has left what is clean. Nothing is stopped yet; above its limit it"
        " will be."
    ),
    Topic.BREAK: (
        "What the chain holds is not what the books of {treasury} say. Somebody has to explain"
        " the difference."
    ),
    Topic.FEED: "A price source of {treasury} answered with something that is not traded on.",
    Topic.POLICY: "Two people let another policy of {where} come into force.",
    Topic.QUORUM: "The owners of the main Safe of {treasury} may not be enough soon.",
    Topic.CHANNEL: "A channel of {treasury} is told nothing any more.",
    Topic.TEST: "Somebody asked {treasury} to send this, to see that it arrives. It did.",
}
ASKING = frozenset(
    {Topic.NEEDS_SIGNATURE, Topic.NEEDS_APPROVAL, Topic.REMINDER, Topic.EXPIRING, Topic.UNANSWERED}
)


def words(topic: Topic, facts: Facts, *, stands_for: str = "") -> Words:
    """Subject and body. `stands_for` names the absent person whose deputy reads this."""
    value = "" if facts.value_usd is None else f" ({_usd(facts.value_usd)})"
    names = {
        "where": facts.where,
        "treasury": facts.treasury,
        "name": facts.name,
        "value": value,
    }
    subject = _one_line(SUBJECTS[topic].format_map(names))
    paragraphs = [OPENINGS[topic].format_map(names)]
    if stands_for:
        paragraphs.append(f"You are told as deputy of {stands_for}, who is away.")
    numbers = "\n".join(_numbers(facts))
    if numbers:
        paragraphs.append(numbers)
    if topic in ASKING:
        paragraphs.append(CAUTION)
    return Words(subject[:SUBJECT_CHARACTERS], "\n\n".join(paragraphs))


def digest_words(treasury: str, notices: list[tuple[str, str]]) -> Words:
    """Many messages as one: each one's subject and link, in order."""
    count = len(notices)
    subject = f"{treasury}: {count} notice{'' if count == 1 else 's'} since yesterday"
    return Words(
        _one_line(subject)[:SUBJECT_CHARACTERS],
        "\n\n".join(f"- {_one_line(line)}\n  {link}".rstrip() for line, link in notices),
    )


def _numbers(facts: Facts) -> Iterator[str]:
    if facts.value_usd is not None:
        yield f"Value: {_usd(facts.value_usd)}"
    if facts.estimated_cost_usd is not None:
        yield f"Estimated cost: {_usd(facts.estimated_cost_usd)}"
    if facts.actual_cost_usd is not None:
        yield f"Actual cost: {_usd(facts.actual_cost_usd)}"
    if facts.expires_at is not None:
        yield f"Deadline: {_moment(facts.expires_at)} (block time)"
    if facts.why:
        yield f"Why: {_one_line(facts.why)}"
    for line in facts.lines:
        yield _one_line(line)


def _usd(value: Decimal) -> str:
    return f"{value:,.2f} USD"


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _one_line(text: str) -> str:
    """Names and reasons were typed by people: no line of theirs may look like one of ours."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
