"""Every act of the page without a mouse."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from governance.models import Comment
from governance.selectors.proposals import proposal_by_id
from tests.browser.signing.reader import comes, question, strategic
from tests.browser.theatre import Theatre

TABS_MAX = 120
FOCUSED = "element => element === document.activeElement"


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(TABS_MAX):
        if wanted.evaluate(FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


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


def test_sign__keyboard_alone__signed(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, wallet = comes(theatre, "sofia", proposal)
    page = visitor.page
    answer_by_keyboard(page)
    tab_to(page, page.get_by_role("button", name="Sign with your wallet"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your signature is there.")).to_be_visible()
    assert wallet.prompts == 1


def test_decline_and_comment__keyboard_alone__recorded(theatre: Theatre) -> None:
    proposal = strategic(theatre.stage)
    visitor, _ = comes(theatre, "stefan", proposal)
    page = visitor.page
    tab_to(page, page.locator("details.against > summary", has_text="Decline"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("textbox", name="Why"))
    page.keyboard.type("Too early.")
    tab_to(page, page.get_by_role("button", name="Decline", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your no is recorded.")).to_be_visible()
    tab_to(page, page.get_by_role("textbox", name="Comment"))
    page.keyboard.type("Let us wait for the report.")
    tab_to(page, page.get_by_role("button", name="Comment"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your comment is in the time line.")).to_be_visible()
    assert Comment.objects.get().text == "Let us wait for the report."
    assert proposal_by_id(proposal.pk).approvals.get().reason == "Too early."


def test_every_section__keyboard_alone__opens(theatre: Theatre) -> None:
    visitor, _ = comes(theatre, "selma", strategic(theatre.stage))
    page = visitor.page
    for title in ("The ten fields", "Lots that would be used", "Raw calldata"):
        summary = page.locator("summary").filter(has_text=title).first
        tab_to(page, summary)
        page.keyboard.press("Enter")
        expect(summary.locator("..")).to_have_attribute("open", "")
    assert visitor.serious_violations() == []
