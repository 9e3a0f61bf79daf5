"""How each trigger stood at an evaluation, in words with its numbers: why it acts, or why not
now (T6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from governance.core.wording.numbers import rule_number
from treasury.engine.explanation import Rule


class Mark(StrEnum):
    """FIRED gives a reason to act, WAITING forbids or is not confirmed, QUIET says nothing."""

    FIRED = "fired"
    WAITING = "waiting"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class TriggerLine:
    title: str
    subject: str
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Said:
    """One record of an evaluation, its assets by symbol."""

    rule: str
    subject: str
    inputs: Mapping[str, str]
    outcome: str


TITLES_AND_WORDS: Mapping[str, tuple[str, str]] = {
    Rule.FORCED: ("Asked for", "{reason}"),
    Rule.COOLDOWN: (
        "Cool-down",
        "latest proposal: {since_latest_proposal}; {cooldown} must pass",
    ),
    Rule.DAILY_LIMIT: (
        "Proposals a day",
        "{proposals_in_24_hours} in 24 hours, {limit} allowed",
    ),
    Rule.FULL_RESET: ("Full reset", "latest: {since_latest_reset}, one every {every}"),
    Rule.CALENDAR: ("Calendar", ""),
    Rule.THRESHOLD: ("Band", "{drift} from its target, the band is {band}"),
    Rule.SIGNAL: (
        "Confirmation",
        "{outcome}: broken beyond {arm_beyond}, mended within {disarm_below}; needs {needed} "
        "observations and {for_at_least}",
    ),
    Rule.ASSET_COOLDOWN: (
        "Cool-down of the asset",
        "{direction}: same trade {since_same_trade} ago, {cooldown} must pass",
    ),
    Rule.FLIP: (
        "Opposite trade",
        "{direction}: opposite trade {since_opposite_trade} ago; within {window} it needs "
        "{needed}, the drift is {drift}",
    ),
    Rule.MAX_AGE: (
        "Calendar maximum",
        "age of the latest rebalance: {since_latest_rebalance}, {max_age} allowed",
    ),
    Rule.DEPEG: ("Peg", "{distance} off its peg, limit {limit}"),
    Rule.PRICE_MOVE: ("Price move", "{move} within {window}, limit {limit}"),
    Rule.VOLATILITY: ("Volatility", "{per_year} a year over {window}, limit {limit}"),
    Rule.FLOW: ("In- and outflow", "{flow}, {share} of the tier, limit {limit}"),
    Rule.CONTRACT_LOG: ("Watched contract", ""),
    Rule.UPGRADE: ("Upgrade", ""),
    Rule.YIELD_SPREAD: (
        "Yield",
        "{spread} a year, limit {limit}, above it in {above}, needed {needed}; gain {gain} over "
        "{horizon}, cost {cost}",
    ),
    Rule.GAS_WINDOW: ("Gas", "base fee {base_fee}, before {before}, limit {limit}"),
}
SHORTER: Mapping[tuple[str, str], str] = {
    (Rule.CALENDAR, "cron"): "cron {cron} ({time_zone}): latest time {latest_time}, {outcome}",
    (Rule.CALENDAR, "interval"): "latest: {since_latest}, one every {interval}",
    (Rule.CONTRACT_LOG, "transaction"): "transaction {transaction} in block {block}",
    (Rule.CONTRACT_LOG, "watched"): "nothing new from {watched} watched events",
    (Rule.CONTRACT_LOG, "logs"): "{logs} logs in all",
    (Rule.UPGRADE, "title"): "{title} in {in_time}, looked at from {lead} before",
    (Rule.UPGRADE, "lead"): "none is announced",
}
FIRED = frozenset({"fired", "breached", "confirmed"})
WAITING = frozenset({"waiting", "reached", "armed"})
TIER = "tier"
_MOMENT = re.compile(r"at (\d+)", re.ASCII)


def trigger_lines(records: Iterable[Said]) -> tuple[TriggerLine, ...]:
    """One line per record of a trigger, in the order of evaluation; other rules are left out."""
    return tuple(_line(item) for item in records if item.rule in TITLES_AND_WORDS)


def _line(item: Said) -> TriggerLine:
    title, words = TITLES_AND_WORDS[item.rule]
    if not words:
        rest = (text for (rule, name), text in SHORTER.items() if _has(item, rule, name))
        words = next(rest, "")
    values = {name: _value(value) for name, value in item.inputs.items()}
    try:
        text = words.format_map(values | {"outcome": item.outcome})
    except KeyError:  # a record without numbers: nothing could be observed
        text = ""
    mark = Mark.FIRED if item.outcome in FIRED else Mark.QUIET
    mark = Mark.WAITING if item.outcome in WAITING else mark
    return TriggerLine(
        title=title,
        subject="" if item.subject == TIER else item.subject,
        text=text or item.outcome,
        mark=mark,
    )


def _has(item: Said, rule: str, name: str) -> bool:
    return item.rule == rule and name in item.inputs


def _value(text: str) -> str:
    """`at 1700000000` -> a time, other texts as `rule_number`."""
    if match := _MOMENT.fullmatch(text):
        return f"{datetime.fromtimestamp(int(match.group(1)), UTC):%Y-%m-%d %H:%M} UTC"
    return rule_number(text)
