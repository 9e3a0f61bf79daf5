"""A signer rejects on the chain; what was signed can never be executed."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.selectors.proposals import proposal_by_id
from tests.browser.signing.reader import comes, path, strategic
from tests.browser.theatre import Theatre


def test_rejection__asked_with_a_reason_and_signed_by_three__rejected(theatre: Theatre) -> None:
    stage = theatre.stage
    proposal = strategic(stage)
    watcher = theatre.visitor().sign_in("fiona").go(path(proposal))
    for number, name in enumerate(("sofia", "stefan", "selma")):
        visitor, wallet = comes(theatre, name, proposal)
        page = visitor.page
        if number == 0:
            page.get_by_text("Decline, veto or reject").click()
            page.get_by_role("textbox", name="Why").fill("The allocation was decided by mistake.")
            page.get_by_role("button", name="Reject on the chain").click()
            expect(page.get_by_text("The rejection is asked for.")).to_be_visible()
        page.get_by_role("button", name="Sign the rejection").click()
        expect(page.get_by_text("Your signature of the rejection is there.")).to_be_visible()
        assert wallet.prompts == 1
    for _ in range(20):
        stage.sweep()
        stage.market.mine(12)
    expect(watcher.get_by_role("status").filter(has_text="Rejected")).to_be_visible()
    found = proposal_by_id(proposal.pk)
    assert found.state == "REJECTED"
    assert found.transaction is None
