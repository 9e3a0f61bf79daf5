"""A person changes the legs on the page; the changed proposal's page follows."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.models import Proposal
from governance.selectors.proposals import plan_of
from tests.browser.signing.reader import path, strategic
from tests.browser.theatre import Theatre


def test_legs__one_too_large_then_one_dropped__the_changed_proposal(theatre: Theatre) -> None:
    old = strategic(theatre.stage)
    visitor = theatre.visitor(phone=True).sign_in("fiona")
    page = visitor.go(path(old))
    page.get_by_text("Change legs").click()
    amount = page.get_by_role("textbox", name="Sell").first
    amount.fill("999999999")
    page.get_by_role("textbox", name="Why it changes").fill("The board wants less.")
    page.get_by_role("button", name="Propose it with these legs").click()
    expect(page.get_by_text("Leg 1 can only become smaller")).to_be_visible()
    expect(amount).to_have_value("999999999")
    expect(amount).to_have_attribute("aria-invalid", "true")
    assert not visitor.is_wider_than_window()
    assert visitor.serious_violations() == []
    page.get_by_label("Drop leg 1").check()
    page.get_by_role("button", name="Propose it with these legs").click()
    expect(page.get_by_text("This is the proposal with your changes.")).to_be_visible()
    new = Proposal.objects.get(successor=None)
    assert new.public_id in page.url
    assert plan_of(new).digest != plan_of(old).digest
    assert Proposal.objects.get(pk=old.pk).state == "SUPERSEDED"
