"""Owners sign; the last signature leads to the execution."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from governance.selectors.proposals import proposal_by_id
from tests.browser.signing.reader import (
    RECONCILED,
    answer,
    asked_for,
    comes,
    path,
    run_to_the_end,
    seats,
    sign,
    signature,
    strategic,
)
from tests.browser.theatre import Theatre

NEW = "() => { window.isStillHere = true }"
STILL_HERE = "() => window.isStillHere === true"


def test_three_owners__sign_in_by_wallet_read_answer_sign__executed_and_shown_without_a_reload(
    theatre: Theatre,
) -> None:
    """Nobody types a password: who signs has signed in with the same wallet."""
    proposal = strategic(theatre.stage)
    watcher = theatre.visitor().sign_in("fiona").go(path(proposal))
    watcher.evaluate(NEW)
    for number, name in enumerate(("sofia", "stefan", "selma"), 1):
        visitor, wallet = comes(theatre, name, proposal, by_wallet=True)
        expect(visitor.page.get_by_text("all three agree")).to_be_visible()
        answer(visitor.page)
        sign(visitor.page)
        assert wallet.prompts == 1
        expect(watcher.get_by_role("heading", name=f"{number} of 3 signatures")).to_be_visible()
    run_to_the_end(theatre.stage, watcher)
    expect(watcher.get_by_text(RECONCILED)).to_be_visible()
    expect(watcher.get_by_role("heading", name="What really happened")).to_have_count(0)
    expect(watcher.get_by_role("region", name="What really happened")).to_be_visible()
    assert watcher.evaluate(STILL_HERE)
    assert proposal_by_id(proposal.pk).outcome == "EXECUTED"


def test_board_members__both_sign__one_owner_has_signed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    for name, shown in (("bea", "1 of 2 members"), ("boris", "signature of a Safe")):
        visitor, _ = comes(theatre, name, proposal, by_wallet=True)
        answer(visitor.page)
        sign(visitor.page)
        expect(seats(visitor.page).filter(has_text=shown)).to_have_count(1)
    expect(visitor.page.get_by_role("heading", name="1 of 3 signatures")).to_be_visible()
    signed = proposal_by_id(proposal.pk).safe_transaction
    assert signed is not None
    assert [row.kind for row in signed.confirmations.all()] == ["CONTRACT"]


def test_operator__core_tier__one_click_and_one_signature(theatre: Theatre) -> None:
    stage = theatre.stage
    stage.move("WETH", 700)
    proposal = asked_for(stage, stage.propose("core"))
    visitor, wallet = comes(theatre, "olga", proposal)
    expect(visitor.page.locator(".question")).to_have_count(0)
    sign(visitor.page)  # the one click
    assert wallet.prompts == 1
    visitor.page.evaluate(NEW)
    run_to_the_end(stage, visitor.page)
    assert visitor.page.evaluate(STILL_HERE)
    assert proposal_by_id(proposal.pk).outcome == "EXECUTED"


def test_wrong_chain__switched_by_the_page__signed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    wallet.chain_id = "0x1"
    answer(visitor.page)
    sign(visitor.page)
    assert "wallet_switchEthereumChain" in wallet.calls
    assert wallet.chain_id == "0x7a69"


def test_prompt_declined__says_so_and_may_be_tried_again(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    page = visitor.page
    wallet.declines = True
    answer(page)
    page.get_by_role("button", name="Sign with your wallet").click()
    expect(page.get_by_role("alert")).to_have_text("You declined in the wallet. Nothing was sent.")
    signed = proposal_by_id(proposal.pk).safe_transaction
    assert signed is not None
    assert not signed.confirmations.exists()
    wallet.declines = False
    sign(page)
    assert signed.confirmations.count() == 1


def test_wallet_with_another_account__named__nothing_sent(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    wallet.name = "stranger"
    answer(visitor.page)
    visitor.page.get_by_role("button", name="Sign with your wallet").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("Change to 0x")
    assert wallet.prompts == 0


def test_wrong_answer__said_beside_the_field__wallet_not_asked(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    page = visitor.page
    box = page.locator(".question input").first
    if box.get_attribute("type") == "radio":
        answer(page)
        page.locator(".question input:not(:checked)").first.check()
    else:
        box.fill("0.01")
    page.get_by_role("button", name="Sign with your wallet").click()
    expect(page.locator("#error-answer")).to_contain_text("not what the proposal says")
    assert wallet.prompts == 0
    answer(page)
    sign(page)


# ------------------------------------------------------------------------------------ pasted
@pytest.mark.parametrize("javascript", [True, False])
def test_pasted_signature__air_gapped__accepted_without_any_wallet(
    theatre: Theatre, javascript: bool
) -> None:
    proposal = strategic(theatre.stage)
    assert proposal.safe_transaction is not None
    page = theatre.visitor(java_script_enabled=javascript).sign_in("sofia").go(path(proposal))
    answer(page)
    page.get_by_text("Paste a signature instead").click()
    page.get_by_label("Signature").fill(signature("owner1", proposal.safe_transaction.safe_tx_hash))
    page.get_by_role("button", name="Submit the signature").click()
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    assert proposal.safe_transaction.confirmations.count() == 1
    if not javascript:
        expect(page.get_by_text("this needs JavaScript").first).to_be_visible()


def test_pasted_signature__malformed__refused_beside_the_field(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    assert proposal.safe_transaction is not None
    page = theatre.visitor().sign_in("sofia").go(path(proposal))
    answer(page)
    page.get_by_text("Paste a signature instead").click()
    for given, reason in (("0x12", "at least 65 bytes"), ("not hex", "This is no signature")):
        page.get_by_label("Signature").fill(given)
        page.get_by_role("button", name="Submit the signature").click()
        expect(page.locator("#error-signature")).to_contain_text(reason)
        expect(page.get_by_label("Signature")).to_have_value(given)
    assert not proposal.safe_transaction.confirmations.exists()
    assert proposal_by_id(proposal.pk).state == "COLLECTING"


def test_pasted_signature__of_something_else__frozen_and_explained(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    assert proposal.safe_transaction is not None
    page = theatre.visitor().sign_in("sofia").go(path(proposal))
    answer(page)
    page.get_by_text("Paste a signature instead").click()
    page.get_by_label("Signature").fill(signature("owner1", "0x" + "11" * 32))
    page.get_by_role("button", name="Submit the signature").click()
    expect(page.get_by_role("status").filter(has_text="Frozen")).to_be_visible()
    expect(page.get_by_text("signed something else").first).to_be_visible()
    assert proposal_by_id(proposal.pk).state == "FROZEN"
    assert not proposal.safe_transaction.confirmations.exists()


# ------------------------------------------------------------------------------------ on the chain
def test_approval_on_the_chain__sent_by_the_wallet__counted(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "stefan", proposal)
    page = visitor.page
    answer(page)
    page.get_by_text("Approve on the chain instead").click()
    page.get_by_role("button", name="Send it from your wallet").click()
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    expect(seats(page).filter(has_text="approval on the chain")).to_have_count(1)
    assert wallet.prompts == 1


# ------------------------------------------------------------------------------------ new here
def test_new_signer__from_the_link_to_a_signature__at_most_four_actions(theatre: Theatre) -> None:
    """Counted after the log-in: clicks, typed answers, and everything that the wallet asks."""
    proposal = strategic(theatre.stage)
    visitor, wallet = theatre.with_wallet("owner3")
    page = visitor.page
    page.goto(theatre.url + path(proposal))
    expect(page.get_by_label("User name")).to_be_visible()
    visitor.sign_in_here("selma")
    expect(page).to_have_url(theatre.url + path(proposal))
    expect(page.locator(".flag")).to_have_count(0)
    actions = 0
    answer(page)
    actions += 1
    page.get_by_role("button", name="Sign with your wallet").click()
    actions += 1
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    actions += wallet.prompts + wallet.calls.count("eth_requestAccounts")
    assert actions <= 4, actions
    signed = proposal_by_id(proposal.pk).safe_transaction
    assert signed is not None
    assert signed.confirmations.count() == 1
