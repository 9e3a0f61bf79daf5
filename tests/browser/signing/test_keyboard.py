"""Every act of the proposal's page without a mouse."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Page, expect

from execution.core.safe_tx import approve_hash
from execution.selectors.transactions import rejection_of
from governance.models import Comment, ImportedProposal, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.selectors.verification import verification
from governance.services.process import advance
from tests.browser.keyboard import mark, press, tab_to, unfold, write
from tests.browser.keyboard import paste as paste_into
from tests.browser.signing.reader import (
    asked_for,
    comes,
    path,
    question,
    signature,
    strategic,
)
from tests.browser.story import signed_by
from tests.browser.theatre import Theatre
from tests.browser.wallet import PROVIDER, Wallet
from tests.integration.governance.conftest import FINALITY
from tests.integration.governance.test_people import asked_for_approval
from treasury.core.canonical import canonical_bytes

SECOND = PROVIDER.replace("Test Wallet", "Other Wallet").replace("350670db", "450670db")


def answer_by_keyboard(page: Page) -> None:
    kind, leg = question(page)
    if kind == "to":
        tab_to(page, page.locator(".question input").first)
        text = page.get_by_text("Every unit comes back to the").inner_text()
        address = text.rsplit("(", 1)[1].split(")")[0].lower()
        page.keyboard.press("Space")
        while page.locator(".question input:checked").get_attribute("value") != address:
            page.keyboard.press("ArrowDown")
        return
    column = {"leaving": "Leaves", "least": "At least"}[kind]
    row = page.get_by_role("region", name="Legs").locator("tbody tr").nth(leg - 1)
    tab_to(page, page.locator("#answer"))
    page.keyboard.type(row.locator(f"[data-label='{column}']").inner_text().split()[0])


def hash_of(proposal: Proposal) -> str:
    assert proposal.safe_transaction is not None
    return proposal.safe_transaction.safe_tx_hash


# ------------------------------------------------------------------------------------ yes
def test_sign__keyboard_alone__signed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    page = visitor.page
    answer_by_keyboard(page)
    press(page, "Sign with your wallet")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    assert wallet.prompts == 1


def test_sign__two_wallets_by_keyboard__the_chosen_one_is_asked(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    visitor.context.add_init_script(SECOND)
    page = visitor.go(path(proposal))
    answer_by_keyboard(page)
    press(page, "Sign with your wallet")
    press(page, "Other Wallet")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    assert wallet.prompts == 1


def test_pasted_signature__keyboard_alone__signed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    page = theatre.visitor().sign_in("sofia").go(path(proposal))
    answer_by_keyboard(page)
    unfold(page, "Paste a signature instead")
    paste_into(page, "Signature", signature("owner1", hash_of(proposal)))
    press(page, "Submit the signature")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()


def test_approval_on_the_chain__keyboard_alone__sent_or_counted(theatre: Theatre) -> None:
    """Sent by the page, or mined already from a tool of the owner's own."""
    proposal = strategic(theatre.stage)
    signed = proposal.safe_transaction
    assert signed is not None
    visitor, _ = comes(theatre, "stefan", proposal)
    page = visitor.page
    answer_by_keyboard(page)
    unfold(page, "Approve on the chain instead")
    press(page, "Send it from your wallet")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    call = {"to": signed.safe.address, "data": "0x" + approve_hash(signed.safe_tx_hash).hex()}
    Wallet("owner3", theatre.chain).send(call)
    theatre.stage.market.mine(12)
    page = theatre.visitor().sign_in("selma").go(path(proposal))
    answer_by_keyboard(page)
    unfold(page, "Approve on the chain instead")
    press(page, "It is mined: count it")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    assert {row.kind for row in signed.confirmations.all()} == {"APPROVED_HASH"}
    assert signed.confirmations.count() == 2


def test_approve__keyboard_alone__ready(theatre: Theatre) -> None:
    proposal = asked_for_approval(theatre.stage)
    page = theatre.visitor().sign_in("olga").go(path(proposal))
    for box in page.locator("input[name=flag]").all():
        tab_to(page, box)
        page.keyboard.press("Space")
    if page.locator(".question").count():
        answer_by_keyboard(page)
    press(page, "Approve")
    expect(page.get_by_text("Approved. The service executes it now.")).to_be_visible()
    assert proposal_by_id(proposal.pk).approvals.get().kind == "APPROVE"


def test_execute__keyboard_alone__the_next_step_is_taken(theatre: Theatre) -> None:
    stage = theatre.stage
    proposal = strategic(stage)
    for name in ("owner1", "owner2", "owner3"):
        signed_by(stage, proposal, name)
    advance(proposal_id=proposal.pk, block=stage.head(), rpc_url=stage.url, finality_depth=FINALITY)
    assert proposal_by_id(proposal.pk).state == "READY"
    page = theatre.visitor().sign_in("olga").go(path(proposal))
    press(page, "Execute now")
    expect(page.get_by_text("The next step was taken.")).to_be_visible()
    assert proposal_by_id(proposal.pk).state == "HANDED_OVER"


# ------------------------------------------------------------------------------------ no
def test_decline_and_comment__keyboard_alone__recorded(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, _ = comes(theatre, "stefan", proposal)
    page = visitor.page
    unfold(page, "Decline, veto or reject")
    write(page, "Why", "Too early.")
    press(page, "Decline")
    expect(page.get_by_text("Your no is recorded.")).to_be_visible()
    write(page, "Comment", "Let us wait for the report.")
    press(page, "Comment")
    expect(page.get_by_text("Your comment is in the time line.")).to_be_visible()
    assert Comment.objects.get().text == "Let us wait for the report."
    assert proposal_by_id(proposal.pk).approvals.get().reason == "Too early."


def test_veto__keyboard_alone__vetoed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    page = theatre.visitor().sign_in("fiona").go(path(proposal))
    unfold(page, "Decline or veto")
    write(page, "Why", "The allocation was decided by mistake.")
    press(page, "Veto")
    expect(page.get_by_text("Vetoed.", exact=True)).to_be_visible()
    assert proposal_by_id(proposal.pk).state == "VETOED"


def test_rejection__keyboard_alone__asked_signed_and_pasted(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    page = visitor.page
    unfold(page, "Decline, veto or reject")
    write(page, "Why", "The allocation was decided by mistake.")
    press(page, "Reject on the chain")
    expect(page.get_by_text("The rejection is asked for.")).to_be_visible()
    press(page, "Sign the rejection")
    expect(page.get_by_text("Your signature of the rejection is there.")).to_be_visible()
    assert wallet.prompts == 1
    assert proposal.safe_transaction is not None
    rejection = rejection_of(proposal.safe_transaction.pk)
    assert rejection is not None
    page = theatre.visitor().sign_in("stefan").go(path(proposal))
    unfold(page, "Paste a signature of the rejection")
    paste_into(page, "Signature of the rejection", signature("owner2", rejection.safe_tx_hash))
    press(page, "Submit the rejection")
    expect(page.get_by_text("Your signature of the rejection is there.")).to_be_visible()
    assert rejection.confirmations.count() == 2


# ------------------------------------------------------------------------------------ otherwise
def test_legs__keyboard_alone__resized_and_dropped(theatre: Theatre) -> None:
    old = strategic(theatre.stage)
    page = theatre.visitor().sign_in("fiona").go(path(old))
    unfold(page, "Change legs")
    half = Decimal(page.locator("#leg-0").input_value()) / 2
    write(page, "Sell", f"{half:.2f}")
    mark(page, "Drop leg 2")
    write(page, "Why it changes", "The board wants less.")
    press(page, "Propose it with these legs")
    expect(page.get_by_text("This is the proposal with your changes.")).to_be_visible()
    assert proposal_by_id(old.pk).state == "SUPERSEDED"


def test_every_section__keyboard_alone__opens(theatre: Theatre) -> None:
    visitor, _ = comes(theatre, "selma", strategic(theatre.stage))
    page = visitor.page
    for title in ("The ten fields", "Lots that are frozen", "Raw calldata"):
        unfold(page, title)
        summary = page.locator("summary").filter(has_text=title).first
        expect(summary.locator("..")).to_have_attribute("open", "")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy the command")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert visitor.serious_violations() == []


def test_foreign_transaction__keyboard_alone__explained(theatre: Theatre) -> None:
    stage = theatre.stage
    stage.move("WETH", 700)
    proposal = asked_for(stage, stage.propose("core"))
    document = canonical_bytes(verification(proposal)).decode()
    page = theatre.visitor().sign_in("sofia").go("/proposals/imports")
    paste_into(page, "Paste the document", document)
    press(page, "Explain and judge it")
    expect(page.get_by_text(hash_of(proposal)).first).to_be_visible()
    assert ImportedProposal.objects.get().safe_tx_hash == hash_of(proposal)
