"""A treasury in the middle of its life, so that every page has something to show.

One proposal executed and booked, one that waits for the owners with one signature there, one that
waits for the operator, an evaluation that wanted nothing, a halt.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, AccountName
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from governance.selectors.verification import verification
from governance.services.approvals import confirm
from governance.services.deliberating.stating import comment
from governance.services.guarding.importing import import_proposal
from governance.services.halts import Trip, trip
from governance.services.identity.tokens import issue_token
from governance.services.notifying.channels import create_channel
from governance.services.registers.absences import set_absence
from governance.services.registers.address_book import AddressDraft, ask_for_label
from governance.services.registers.notices import NoticeDraft, write_notice
from governance.services.registers.publication import approve_publication, ask_publication
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind, Address
from treasury.services.snapshots import take_snapshot

PLAYED: Final = "played"
SLUG: Final = "harbour-dao"
DAY: Final = 86_400
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
    _stop_a_tier(stage)
    _say(stage, strategic)
    _write_registers(stage)
    _bring_a_foreign_one(stage, strategic)


def look_again(stage: Stage) -> None:
    """A block later, seen now: nothing on the pages is old."""
    stage.market.mine(12)
    take_snapshot(treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url)


def _stop_a_tier(stage: Stage) -> None:
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("yield"),
        found=Trip(
            breaker="MANUAL",
            level=Level.SEMI,
            value="by hand",
            limit="-",
            reason="The vault's operator announced maintenance.",
        ),
        actor=STORY,
        block=stage.head(),
    )


def _say(stage: Stage, proposal: Proposal) -> None:
    comment(
        proposal=proposal,
        user=stage.people["fiona"],
        text="The board agreed on the shift on Monday; the minutes are in the shared folder.",
        actor=Actor(ActorKind.PERSON, "fiona"),
        block=stage.head(),
    )


def _write_registers(stage: Stage) -> None:
    """A notice, a label by two people, somebody away, a channel, a machine's key, a public page."""
    treasury_id, now, block = stage.seeded.treasury.pk, timezone.now(), stage.head()
    people = stage.people
    write_notice(
        treasury_id=treasury_id,
        draft=NoticeDraft(
            kind="UPGRADE",
            title="Scheduled upgrade of the network",
            body="Blocks may come late for an hour. Nothing has to be done.",
            source_url="https://blog.example/upgrade",
            starts_at=block.timestamp + 2 * DAY,
            ends_at=block.timestamp + 2 * DAY + 3_600,
        ),
        author=people["olga"],
        actor=STORY,
        block=block,
    )
    draft = AddressDraft(
        ACCOUNTS["market"].address, "Market maker", "OTC settlement", now + timedelta(days=90)
    )
    ask_for_label(
        treasury_id=treasury_id,
        draft=draft,
        known=(),
        author=people["fiona"],
        now=now,
        actor=Actor(ActorKind.PERSON, "fiona"),
        block=block,
    )
    set_absence(
        user=people["stefan"],
        deputy=people["selma"],
        starts_at=now,
        ends_at=now + timedelta(days=7),
        now=now,
        rpc_url=stage.url,
        actor=Actor(ActorKind.PERSON, "stefan"),
    )
    create_channel(
        treasury_id=treasury_id,
        user=people["sofia"],
        kind="email",
        target="sofia@dao.example",
        actor=Actor(ActorKind.PERSON, "sofia"),
    )
    issue_token(
        treasury_id=treasury_id,
        name="bookkeeping",
        scopes=["ledger:read", "export:read"],
        expires_at=now + timedelta(days=90),
        now=now,
        is_live=False,
        actor=Actor(ActorKind.PERSON, "ada"),
        issuer=people["ada"],
    )
    asked = ask_publication(
        treasury_id=treasury_id,
        slug=SLUG,
        user=people["fiona"],
        actor=Actor(ActorKind.PERSON, "fiona"),
        block=block,
    )
    approve_publication(
        publication_id=asked.pk,
        user=people["sofia"],
        actor=Actor(ActorKind.PERSON, "sofia"),
        block=block,
    )


def _bring_a_foreign_one(stage: Stage, proposal: Proposal) -> None:
    """The export of our own proposal, brought back: shown for its bytes only."""
    import_proposal(
        verification(proposal_by_id(proposal.pk)),
        within=frozenset({stage.seeded.treasury.pk}),
        user=stage.people["sofia"],
        actor=Actor(ActorKind.PERSON, "sofia"),
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
