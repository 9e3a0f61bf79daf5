"""Each state of a transaction in words: what it means, what Ballast does next, what a person can
do (X5). One line per state, so that none is without an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from execution.core.lifecycle import TransactionState


@dataclass(frozen=True, slots=True)
class NextSteps:
    """`waits_for` names the one thing that moves the row on; empty where nothing will."""

    meaning: str
    waits_for: str
    service: str
    person: str


S = TransactionState
NEXT: Final[dict[TransactionState, NextSteps]] = {
    S.EXEC_INTENT: NextSteps(
        "The decision to execute is written down. Nothing was signed.",
        "the executor to be free, then its signature",
        "Checks halts, prices, expiry and the simulation again, then signs. If one of them says "
        "no, nothing is sent and the proposal goes back to be looked at.",
        "Nothing. A halt or a veto stops it now without any cost.",
    ),
    S.SIGNED_RAW: NextSteps(
        "Signed and stored, not sent yet.",
        "the send, right after the halts were read once more",
        "Sends exactly these bytes. If a halt opened meanwhile it does not send, and the "
        "executor's nonce is used for something else.",
        "Nothing. Whoever wants to stop it pauses the treasury under Monitoring.",
    ),
    S.BROADCAST: NextSteps(
        "Sent to the network, not in a block yet.",
        "a block that contains it",
        "Looks at every new block. If the base fee outgrew its bid, it signs a replacement at the "
        "same nonce: only one of the versions can ever be mined.",
        "Nothing. It cannot be executed twice, and its deadline makes it worthless in time.",
    ),
    S.UNKNOWN: NextSteps(
        "No node knows the transaction: it was dropped, or its block was.",
        "an event of the Safe with our hash, a receipt, or a used nonce",
        "Asks for the Safe's event, then for every version's receipt, then whether the nonce is "
        "used. Sends the same bytes again only if no halt forbids it. It never signs a second "
        "transaction for the same intent.",
        "If it lasts for more than some minutes, look at the provider under Monitoring.",
    ),
    S.MINED: NextSteps(
        "In a block that can still be reorganised away.",
        "enough blocks on top of it",
        "Counts blocks. If its block disappears, it goes back to sent and the same bytes are sent "
        "again.",
        "Nothing.",
    ),
    S.FINAL: NextSteps(
        "Deep enough in the chain to be judged.",
        "the comparison with the plan",
        "Reads receipt, events and balances, compares them leg by leg with what was intended, "
        "then books what happened.",
        "Nothing.",
    ),
    S.RECONCILED: NextSteps(
        "Executed, compared with the plan, and booked.",
        "",
        "Keeps looking whether its block stays in the chain. A reorganisation reverses the "
        "entries by new ones and nothing is deleted.",
        "Read the differences below, if there are any. Each open Break waits for a person.",
    ),
    S.FAILED_ONCHAIN: NextSteps(
        "Mined, and the chain refused it: nothing moved but the gas.",
        "",
        "Books the gas. The tier may propose again at a new quote; several failures in a row halt "
        "it.",
        "Read the reason. If it comes again, close the market or degrade the tier before the next "
        "proposal.",
    ),
    S.CANCELLED: NextSteps(
        "It can never be executed: it was not sent, or its nonce was used by something else.",
        "",
        "Nothing more. The proposal says what follows it.",
        "If nobody here used the nonce, look under Signers & Safe who did.",
    ),
}


def next_steps(state: TransactionState) -> NextSteps:
    return NEXT[state]
