"""What happened, read from the chain alone: which executions carry an intent's evidence, and what
the Safes hold. The service is only asked what it had intended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc
from config.local.scenarios.judge import IDENTITY_CALL
from execution.core.types import Leg

Holdings = dict[tuple[str, str], int]
"""Units by Safe and token, both in lower case."""


class ExecutedTwiceError(AssertionError):
    """The worst that can happen."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a proposal's plan says, as the tables have it."""

    proposal: str
    evidence: str
    legs: tuple[Leg, ...]


def holdings(rpc: Rpc, deployment: Deployment) -> Holdings:
    safes = (deployment.safes.main, deployment.safes.core, deployment.safes.yield_)
    tokens = [token.address for token in deployment.tokens.values()] + [deployment.vault.address]
    return {
        (safe.lower(), token.lower()): rpc.balance_of(token, safe)
        for safe in safes
        for token in tokens
    }


def executions(rpc: Rpc, *, first_block: int) -> Counter[str]:
    """Successful transactions by the evidence digest in their calldata."""
    found: Counter[str] = Counter()
    for number in range(first_block, int(rpc.block()["number"], 16) + 1):
        for transaction in rpc("eth_getBlockByNumber", hex(number), True)["transactions"]:
            _, leg, rest = str(transaction["input"]).partition(IDENTITY_CALL)
            if not leg:
                continue
            receipt = rpc("eth_getTransactionReceipt", transaction["hash"])
            found[rest[:64]] += int(receipt["status"], 16)
    return found


def require_once(
    intents: list[Intent], *, before: Holdings, after: Holdings, executed: Counter[str]
) -> None:
    """Each intent stands on the chain exactly once, and the Safes moved by exactly that much."""
    for intent in intents:
        times = executed[intent.evidence]
        if times > 1:
            raise ExecutedTwiceError(f"{intent.proposal} was executed {times} times")
        assert times == 1, f"{intent.proposal} was not executed"
    assert set(executed) == {intent.evidence for intent in intents}
    sold: Counter[tuple[str, str]] = Counter()
    least: Counter[tuple[str, str]] = Counter()
    for leg in (leg for intent in intents for leg in intent.legs):
        sold[leg.safe.lower(), leg.sell.lower()] += leg.sell_units
        least[leg.safe.lower(), leg.buy.lower()] += leg.min_buy_units
    for place, units in before.items():
        gained = after[place] + sold[place] - units
        assert least[place] <= gained <= 2 * least[place] - bool(least[place]), (place, gained)
