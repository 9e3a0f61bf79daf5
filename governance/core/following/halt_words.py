"""What each halt and level means in words, and what to look at before it is closed (X7). The
runbook has an entry of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from governance.core.routing import Level

BY_HAND: Final = "MANUAL"
FROZEN_PROPOSAL: Final = "FROZEN_PROPOSAL"
SAFE_CHANGED: Final = "SAFE_CHANGED"


@dataclass(frozen=True, slots=True)
class HaltWords:
    title: str
    meaning: str
    todo: str


WORDS: Final[dict[str, HaltWords]] = {
    "NO_PRICE": HaltWords(
        "No usable price",
        "An asset of the tier has no price good enough to trade on: stale, missing, or too few "
        "sources that agree.",
        "Look at the refused sources under Feeds. Mend or replace the source; never type in a "
        "price to get past it.",
    ),
    "SOURCE_DISAGREEMENT": HaltWords(
        "Price sources disagree",
        "Sources of one asset lie further apart than the policy allows.",
        "Find out which one is right before they agree again by chance: a depeg looks like this.",
    ),
    "GAS": HaltWords(
        "Gas is too dear",
        "The base fee is above the ceiling of the tier's policy.",
        "Wait. Raise the ceiling only by a new version of the policy.",
    ),
    "GAS_SPIKE": HaltWords(
        "Gas is far dearer than usual",
        "The base fee is a multiple of what it usually was in the last 24 hours.",
        "Wait for it to fall, or let people decide to pay: they still may.",
    ),
    "DEPEG": HaltWords(
        "A stablecoin left its peg",
        "An asset that promises a peg is further from it than the policy allows, in several "
        "blocks in a row.",
        "Read what its issuer says before anything else. Do not buy it because it is cheap; a new "
        "policy or an exit is a decision of the multisig.",
    ),
    "VOLATILITY": HaltWords(
        "An asset moves too wildly",
        "The volatility of an asset is above what the policy allows.",
        "People look at each proposal while it lasts. Check that the feeds are right.",
    ),
    "BASKET_VOLATILITY": HaltWords(
        "The tier moves too wildly",
        "The volatility of what the tier holds is above what the policy allows.",
        "People look at each proposal while it lasts. Ask whether the targets still fit.",
    ),
    "LIQUIDITY": HaltWords(
        "The market is too thin",
        "The best market would take too much of the largest trade that the tier may make, or no "
        "market takes it.",
        "Wait for the liquidity to come back, allow another venue, or lower the largest trade.",
    ),
    "DRAWDOWN": HaltWords(
        "The tier fell too far",
        "What the tier holds lost more of its highest value than the policy allows.",
        "Decide whether to hold, to exit or to change the targets. Closing it counts the fall "
        "anew from that day.",
    ),
    "SLIPPAGE_BUDGET": HaltWords(
        "Trading cost its budget",
        "Executed trades lost more against the consensus prices than the policy's budget.",
        "Compare estimates with what was paid under Executions. The budget refills with time.",
    ),
    "CODE_CHANGED": HaltWords(
        "A contract is another one",
        "Code, proxy implementation or pause flag of a token or venue is not as it was pinned.",
        "Find the announcement of whoever may upgrade it. Closing it accepts what was found; if "
        "nobody announced it, exit. A paused contract cannot be accepted.",
    ),
    "NO_EVALUATION": HaltWords(
        "Nobody evaluated the tier",
        "The tier was not evaluated for longer than the policy allows.",
        "See whether workers and beat run, and whether the node answers.",
    ),
    "RPC_DISAGREEMENT": HaltWords(
        "Providers disagree",
        "Another provider tells another hash, or other balances, of the same block.",
        "Compare both with a third one. Take the wrong one out of RPC_URLS and restart.",
    ),
    "FAILURE_STREAK": HaltWords(
        "Failed several times in a row",
        "Transactions of the tier were refused by the chain one after the other.",
        "Read the reasons under Executions. A venue may have changed. Close it when the cause is "
        "known.",
    ),
    "NAV_JUMP": HaltWords(
        "Value jumped",
        "The tier's value changed by more than prices explain.",
        "Compare books and chain under Executions, Breaks. An unbooked inflow or outflow is the "
        "usual cause, a drain the one to fear.",
    ),
    FROZEN_PROPOSAL: HaltWords(
        "A proposal is frozen",
        "A proposal failed its step too often, or a signature over another hash came from an "
        "owner's own session.",
        "The proposal's reason says which. The second is a security incident: call the owner by "
        "another way before anybody signs anything.",
    ),
    SAFE_CHANGED: HaltWords(
        "A Safe is set up differently",
        "Owners, threshold, modules, guard, fallback handler or singleton of a Safe are not what "
        "two people accepted last.",
        "Signers & Safes marks what changed. If none of you did it, call the owners and move the "
        "money. Closing this halt accepts the new setup; the proposals that were frozen with it "
        "have a halt of their own.",
    ),
    BY_HAND: HaltWords(
        "Paused by a person",
        "Somebody stopped it by hand.",
        "Ask the person who did. Two people end it.",
    ),
}
UNKNOWN: Final = HaltWords(
    "Stopped",
    "A breaker that this page has no words for.",
    "The reason below says what was read. The runbook has the entry.",
)
LEVELS: Final[dict[Level, str]] = {
    Level.SEMI: "people approve every proposal",
    Level.MANUAL_PRICES: "proposals go to the multisig; prices are looked at by people",
    Level.MONITOR: "watched and evaluated; nothing is proposed or executed",
    Level.FROZEN: "nothing is proposed or executed; what is on its way is only followed to its end",
}


def halt_words(breaker: str) -> HaltWords:
    return WORDS.get(breaker, UNKNOWN)


def level_words(level: str) -> str:
    """An unknown level counts as MONITOR, as everywhere."""
    return LEVELS[Level(level) if level in set(Level) else Level.MONITOR]
