"""A treasury in the middle of its life, so that every page has something to show.

One proposal executed and booked, one that waits for the owners with one signature there, one that
waits for the operator, an evaluation that wanted nothing, a halt.
"""

from __future__ import annotations

from typing import Final

from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, AccountName
from governance.core.routing import Level
from governance.models import Proposal
from governance.services.approvals import confirm
from governance.services.halts import Trip, trip
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind, Address

PLAYED: Final = "played"
STORY: Final = Actor(ActorKind.PERSON, "olga")


def tell_story(stage: Stage) -> None:
    executed = stage.propose("yield")
    stage.settle(executed, {"DONE"})
    stage.move("WETH", 700)
    operated = stage.propose("core")
    stage.settle(operated, {"COLLECTING"})
    stage.seeded.shift_strategy()
    strategic = stage.propose("strategic")
    signed_by(stage, stage.settle(strategic, {"COLLECTING"}), "owner1")
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("yield"),
        found=Trip(
            breaker="MANUAL",
            level=Level.SEMI,
            value="by hand",
            limit="-",
            reason="The vault's operator announced maintenance.",
            is_self_clearing=False,
        ),
        actor=STORY,
        block=stage.head(),
    )


def signed_by(stage: Stage, proposal: Proposal, name: AccountName) -> None:
    """The owner's plain signature, brought by nobody in particular."""
    signed = proposal.safe_transaction
    assert signed is not None
    account = ACCOUNTS[name]
    digest = Hash32(bytes.fromhex(signed.safe_tx_hash[2:]))
    confirm(
        proposal_id=proposal.pk,
        owner=Address(account.address),
        signature=bytes(account.unsafe_sign_hash(digest).signature),
        kind=None,
        block=stage.head(),
        rpc_url=stage.url,
        actor=Actor(ActorKind.CHAIN, account.address),
        is_own_session=False,
    )
