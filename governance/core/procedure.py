"""A policy as a written procedure (G9): the same rules that the engine follows, in the order in
which it follows them, in words.

Pure text: what is not in the policy (who is on duty, why the tier exists) is not invented here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.core.wording.brakes import brakes, memory
from governance.core.wording.numbers import gwei, listed, percent, span, usd
from governance.core.wording.sizing import group_words
from governance.core.wording.triggers import restraint_words, trigger_words
from treasury.core.policies import LotMethod, Mode, OnSilence, Scope, Solver, TierPolicy
from treasury.core.types import Address

VENUES = {
    "uniswap_v3": "Uniswap v3",
    "erc4626": "vault (ERC-4626)",
    "transfer": "transfer",
}
"""How a venue's key is read out; an unknown key stands for itself."""

SOLVERS = {
    Solver.RULES: "",
    Solver.OPTIMISED: " When a cheaper list brings every asset within its band, that list is used.",
}

LOTS = {
    LotMethod.FIFO: "FIFO, the oldest first",
    LotMethod.LIFO: "LIFO, the newest first",
    LotMethod.HIFO: "HIFO, the highest unit cost first",
    LotMethod.LOFO: "LOFO, the lowest unit cost first",
    LotMethod.AVERAGE: "average, a share of every lot at the mean cost",
    LotMethod.SPECIFIC: "specific, these alone",
    LotMethod.MIN_TAX: "minimum tax, losses first",
}


class Shape(StrEnum):
    """What a box of the flowchart is."""

    ACT = "act"
    QUESTION = "question"
    STOP = "stop"
    END = "end"


@dataclass(frozen=True, slots=True)
class Branch:
    answer: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Step:
    """One box: what is done or asked, and where each answer leads. Without branches the next box
    follows; with them the last branch does."""

    shape: Shape
    title: str
    text: str
    branches: tuple[Branch, ...] = ()


def procedure(policy: TierPolicy, *, symbols: Mapping[Address, str]) -> tuple[Step, ...]:
    """`symbols` by asset; an asset without one is named by its address."""
    return (
        _look(policy),
        _brakes(policy),
        _trigger(policy),
        _size(policy, symbols),
        _cost(policy),
        _route(policy),
        _release(policy),
        _execute(policy),
        Step(
            Shape.END,
            "Compare and book",
            "Receipt and balances are compared with the plan, leg by leg. What agrees is booked, "
            f"tax lots as frozen in the proposal ({_lots(policy)}); what does not becomes a Break, "
            "and somebody has to explain it.",
        ),
    )


def _lots(policy: TierPolicy) -> str:
    said, rules = LOTS[policy.lot_method], policy.lots
    if policy.lot_method is LotMethod.MIN_TAX:
        said += (
            f": {percent(rules.short_rate_bps)} of the gain, {percent(rules.long_rate_bps)} when"
            f" held more than {policy.long_term_days} days"
        )
    if policy.lot_method is LotMethod.SPECIFIC:
        said += f": {', '.join(rules.named)}"
    return said


def venue_name(key: str) -> str:
    return VENUES.get(key, key)


def _look(policy: TierPolicy) -> Step:
    rules = policy.prices
    return Step(
        Shape.QUESTION,
        "Look at one block",
        f"Read every balance and price at the same block. Does each price have {rules.min_sources} "
        f"sources, {rules.min_on_chain} of them on the chain, within "
        f"{percent(rules.max_deviation_bps)} of their median?",
        (
            Branch("No", "Nothing is traded; the asset and the reason are recorded."),
            Branch("Yes", "Go on."),
        ),
    )


def _brakes(policy: TierPolicy) -> Step:
    rules = policy.halts
    return Step(
        Shape.QUESTION,
        "Is something wrong?",
        f"Is there {brakes(rules)}, or an open halt?",
        (
            Branch(
                "Yes",
                f"A halt lowers the tier. Only two people together end it. {memory(rules)}",
            ),
            Branch("No", "Go on."),
        ),
    )


def _trigger(policy: TierPolicy) -> Step:
    return Step(
        Shape.QUESTION,
        "Is it time?",
        f"Act when {trigger_words(policy.trigger)}; {restraint_words(policy.trigger)}",
        (
            Branch("No", "The numbers are recorded, and the next block is looked at."),
            Branch("Yes", "Go on."),
        ),
    )


def _size(policy: TierPolicy, symbols: Mapping[Address, str]) -> Step:
    scope = {
        Scope.ALL: "every asset",
        Scope.BREACHED: "the assets outside their bands",
        Scope.WORST: f"the {policy.worst_count} assets farthest outside",
    }[policy.scope]
    match policy.destination_bps:
        case 0:
            aim = "to the target"
        case 10_000:
            aim = "to the edge of the band"
        case part:
            aim = f"to {percent(part)} of the band's half-width from the target"
    settlement = symbols.get(policy.settlement_asset, policy.settlement_asset)
    return Step(
        Shape.ACT,
        "Size the trades",
        f"Bring {scope} {aim}, over {settlement}. Leave out trades below "
        f"{usd(policy.min_trade_usd)}; at most {usd(policy.max_trade_usd)} a trade and "
        f"{usd(policy.max_turnover_usd)} within {span(policy.turnover_window_seconds)}."
        f"{group_words(policy, symbols)}{SOLVERS[policy.solver]}",
    )


def _cost(policy: TierPolicy) -> Step:
    return Step(
        Shape.QUESTION,
        "Is it worth it?",
        f"Quotes of {_venues(policy.venues)}{_ways(policy)}. Does gas, fee and impact of a trade "
        f"stay within {percent(policy.cost_cap_bps)} of its value?",
        (
            Branch("No", "The trade is dropped, with the rule, the value and the limit."),
            Branch("Yes", "A proposal is made, with everything it was decided on."),
        ),
    )


def _ways(policy: TierPolicy) -> str:
    rules, words = policy.routing, []
    if rules.max_hops > 1:
        words.append(f"through up to {rules.max_hops} markets one after the other (not by a role)")
    if rules.max_parts > 1:
        words.append(f"split over up to {rules.max_parts} ways where that pays for its gas")
    return "".join(f", {text}" for text in words)


def _route(policy: TierPolicy) -> Step:
    rule = policy.escalation
    if policy.mode is Mode.MANUAL:
        return Step(
            Shape.ACT,
            "Who decides",
            "The owners of the main Safe, always: the tier's policy is manual.",
        )
    usual = {
        Mode.SEMI: "One operator decides.",
        Mode.AUTOMATIC: "Nobody is asked; the limits of the role on the chain hold.",
    }[policy.mode]
    if policy.mode is Mode.AUTOMATIC and policy.operator_safe:
        usual = "One operator decides: the role belongs to the operator Safe."
    reasons = (
        f"A value of {usd(rule.value_usd)}, {percent(rule.nav_share_bps)} of the treasury, "
        f"{usd(rule.turnover_usd)} moved within {span(rule.turnover_window_seconds)}"
    )
    strategic = ", or a strategic move (this policy says that all are)" if rule.strategic else ""
    return Step(
        Shape.QUESTION,
        "Who decides",
        f"{reasons}{strategic}; or limits on the chain that are not the policy's?",
        (Branch("Yes", "The owners of the main Safe decide."), Branch("No", usual)),
    )


def _release(policy: TierPolicy) -> Step:
    rules = policy.review
    silence = {
        OnSilence.EXPIRE: "it waits for its deadline",
        OnSilence.ESCALATE: "the tier's owners are asked",
        OnSilence.DEGRADE: "the tier's owners are asked and the tier is lowered to SEMI",
    }[rules.on_silence]
    pause = (
        f"Not before {span(rules.min_review_seconds)} have passed. "
        if rules.min_review_seconds
        else ""
    )
    if policy.mode is Mode.AUTOMATIC and not policy.operator_safe:
        return Step(
            Shape.ACT,
            "Release",
            f"{pause}At once, unless somebody vetoes it first. An escalated one waits for "
            f"signatures; from {usd(rules.question_value_usd)} on each signer answers a question.",
        )
    return Step(
        Shape.ACT,
        "Look and release",
        f"{pause}From {usd(rules.question_value_usd)} on, and for every risk flag, who decides "
        f"answers a question drawn from the proposal. When nobody acts for "
        f"{span(rules.silence_seconds)}, {silence}. It expires after "
        f"{span(policy.proposal_ttl_seconds)}.",
    )


def _execute(policy: TierPolicy) -> Step:
    return Step(
        Shape.QUESTION,
        "Execute",
        f"Quote and simulate again. Does the signed least amount hold within "
        f"{percent(policy.max_slippage_bps)}, and gas cost at most "
        f"{gwei(policy.max_fee_per_gas_wei)}?",
        (
            Branch("No", "Nothing is sent; the proposal waits, or ends with the reason."),
            Branch(
                "Yes",
                "One transaction, all or nothing; every attempt is written before it is sent.",
            ),
        ),
    )


def _venues(venues: tuple[str, ...]) -> str:
    return listed([venue_name(key) for key in venues]) or "no venue"
