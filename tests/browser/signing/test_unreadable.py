"""The page of a proposal that was changed past the service, as people see it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.identity.test_sign_in import shoot
from tests.browser.signing.reader import path, strategic
from tests.browser.theatre import Theatre
from tests.integration.governance.guarding.test_conformity import tamper


@pytest.mark.parametrize("phone", [False, True])
def test_unreadable__either_width__says_do_not_sign_and_offers_nothing(
    theatre: Theatre, phone: bool
) -> None:
    proposal = strategic(theatre.stage)
    assert proposal.plan is not None
    tamper("execution_plan", proposal.plan.pk, "document", "{}")
    visitor = theatre.visitor(phone=phone).sign_in("sofia")
    page = visitor.go(path(proposal))
    expect(page.get_by_role("alert")).to_contain_text("Do not sign.")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    assert visitor.serious_violations() == []
    assert not visitor.is_wider_than_window()
    shoot(visitor, f"unreadable-{'phone' if phone else 'desktop'}")
