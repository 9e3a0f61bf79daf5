"""A signer who reads: finds the answer to the question on the page itself, as a person would."""

from __future__ import annotations

import re
from typing import Final

from eth_typing import Hash32
from playwright.sync_api import Locator, Page, expect

from config.local.chain.accounts import ACCOUNTS, AccountName
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from tests.browser.theatre import Theatre, Visitor
from tests.browser.wallet import Wallet
from tests.integration.governance.conftest import Stage

QUESTION: Final = re.compile(
    r"How much (?P<leaving>\w+) leaves in leg (\d+)\?"
    r"|In the worst case, how much (?P<least>\w+) comes back in leg (\d+)\?"
    r"|Which address receives the (?P<to>\w+) of leg (\d+)\?"
)
ACCOUNT_OF: Final[dict[str, AccountName]] = {
    "sofia": "owner1",
    "stefan": "owner2",
    "selma": "owner3",
    "bea": "board1",
    "boris": "board2",
    "olga": "operator",
}
RECONCILED: Final = "Executed and reconciled"


def strategic(stage: Stage) -> Proposal:
    """Waits for three of five owners; large enough for the question, no flag up."""
    stage.seeded.shift_strategy()
    return asked_for(stage, stage.propose("strategic"))


def asked_for(stage: Stage, proposal: Proposal) -> Proposal:
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert found.state == "COLLECTING", found.state_reason
    return found


def path(proposal: Proposal) -> str:
    return f"/proposals/{proposal.public_id}/"


def comes(
    theatre: Theatre, name: str, proposal: Proposal, *, by_wallet: bool = False
) -> tuple[Visitor, Wallet]:
    """Signed in, by password or by the wallet in the browser; the page open. What the wallet was
    asked counts from here on."""
    visitor, wallet = theatre.with_wallet(ACCOUNT_OF[name])
    if by_wallet:
        visitor.sign_in_by_wallet(name)
        assert wallet.calls.count("personal_sign") == 1
        wallet.calls.clear()
    else:
        visitor.sign_in(name)
    visitor.go(path(proposal))
    return visitor, wallet


def answer(page: Page) -> None:
    """Read it off the page. One action: a number typed, or one address picked."""
    kind, leg = question(page)
    if kind == "to":
        text = page.get_by_text("Every unit comes back to the").inner_text()
        address = text.rsplit("(", 1)[1].split(")")[0]
        page.get_by_role("radio", name=re.compile(address, re.IGNORECASE)).check()
        return
    column = {"leaving": "Leaves", "least": "At least"}[kind]
    row = page.get_by_role("region", name="Legs").locator("tbody tr").nth(leg - 1)
    cell = row.locator(f"[data-label='{column}']").inner_text()
    page.get_by_role("textbox", name=re.compile("How much|how much")).fill(cell.split()[0])


def question(page: Page) -> tuple[str, int]:
    text = page.locator(".question label, .question legend").first.inner_text()
    found = QUESTION.fullmatch(text.strip())
    assert found is not None, text
    kind = next(name for name, value in found.groupdict().items() if value)
    return kind, int(re.findall(r"leg (\d+)", text)[0])


def sign(page: Page) -> None:
    page.get_by_role("button", name="Sign with your wallet").click()
    expect(page.get_by_text("Your signature is there.")).to_be_visible()


def seats(page: Page) -> Locator:
    return page.locator(".seat")


def signature(name: AccountName, digest: str) -> str:
    """What an air-gapped machine gives back."""
    signed = ACCOUNTS[name].unsafe_sign_hash(Hash32(bytes.fromhex(digest[2:])))
    return "0x" + bytes(signed.signature).hex()


def run_to_the_end(stage: Stage, page: Page) -> None:
    """The service's ticks and the chain's blocks, until the page says that it is done."""
    for _ in range(20):
        stage.sweep()
        stage.market.mine(12)
        if page.get_by_text(RECONCILED).count():
            return
    expect(page.get_by_text(RECONCILED)).to_be_visible()
