"""The pages of a treasury and a tier: figures, why not, check now, lower now."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO

import pytest
from django.test import Client

from config.local.seed.treasury import PASSWORD
from governance.models import Halt, Proposal
from governance.selectors.overview.figures import TreasuryFigures, treasuries_figures
from governance.services.identity import create_user
from governance.services.moves import GENERATOR
from tests.integration.governance.conftest import Stage
from treasury.core.risk import NotEnough
from treasury.models import Snapshot
from treasury.services.snapshots import take_snapshot

DAY = 86_400


def sign_in(name: str) -> Client:
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def a_day_later(stage: Stage) -> Snapshot:
    stage.market.step(DAY, {})
    stage.market.hold(12)
    return take_snapshot(
        treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url
    )


def figures(stage: Stage) -> TreasuryFigures:
    (found,) = treasuries_figures([stage.seeded.treasury.pk])
    return found


# ------------------------------------------------------------------------------------ figures
def test_figures__days_pass__series_and_measures_are_those_of_the_snapshots(stage: Stage) -> None:
    taken = [a_day_later(stage) for _ in range(3)]
    found = figures(stage)
    assert [sample.nav_usd for sample in found.samples][-3:] == [row.nav_usd for row in taken]
    risk = found.risk
    assert isinstance(risk.volatility, NotEnough)
    assert risk.volatility.need == 30
    assert taken[-1].nav_usd is not None
    assert taken[-2].nav_usd is not None
    assert risk.day_change_usd == taken[-1].nav_usd - taken[-2].nav_usd
    assert risk.stablecoins is not None
    assert Decimal("0.4") < risk.stablecoins < Decimal("0.8")
    assert dict(risk.issuers).keys() == {"Circle", "Sky", "BitGo"}
    assert dict(risk.protocols).keys() == {"vUSDC"}


def test_worst_loss__two_allowances_of_one_asset__is_never_more_than_is_held(
    stage: Stage,
) -> None:
    tiers = {tier.row.name: tier for tier in figures(stage).standing.tiers}
    assert tiers["strategic"].worst_loss_usd == 0
    for name in ("core", "yield"):
        tier = tiers[name]
        assert tier.worst_loss_usd is not None
        assert tier.nav_usd is not None
        assert 0 < tier.worst_loss_usd <= tier.nav_usd
    assert tiers["core"].chain_enforces_approval
    assert not tiers["yield"].chain_enforces_approval


def test_figures__no_snapshot__everything_is_missing_and_nothing_fails(stage: Stage) -> None:
    assert treasuries_figures([]) == ()
    assert treasuries_figures([10**9]) == ()


# ------------------------------------------------------------------------------------ treasury
def test_treasury__reader__sees_each_tier_with_its_control(stage: Stage) -> None:
    stage.propose("yield")
    page = sign_in("arne").get(f"/treasuries/{stage.seeded.treasury.public_id}/").content.decode()
    for words in (
        "As of block",
        "strategic",
        "enforced by the chain: the operator Safe has to sign",
        "limits are enforced by the chain",
        "L0 AUTOMATIC",
        "to the edge of its band",
        "pool average",
        "not enough data yet",
        "Allocation by tier",
    ):
        assert words in page
    assert " style=" not in page


def test_treasury__person_without_a_role_there__sees_none(stage: Stage) -> None:
    create_user(username="nobody", password=PASSWORD, is_staff=False, actor=GENERATOR, block=None)
    path = f"/treasuries/{stage.seeded.treasury.public_id}/"
    assert sign_in("nobody").get(path).status_code == 403
    assert sign_in("arne").get("/treasuries/trs_00000000000000000000000000/").status_code == 404


@pytest.mark.parametrize("asked", ["7d", "30d", "90d", "all", "nonsense"])
def test_treasury__series_as_csv__is_the_chart_in_numbers(stage: Stage, asked: str) -> None:
    taken = a_day_later(stage)
    path = f"/treasuries/{stage.seeded.treasury.public_id}/?range={asked}&format=csv"
    answer = sign_in("arne").get(path)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    assert rows[-1]["block_number"] == str(taken.block_number)
    assert Decimal(rows[-1]["nav_usd"]) == taken.nav_usd


# ------------------------------------------------------------------------------------ tier
def test_tier__reader__sees_procedure_limits_owners_and_why_not(stage: Stage) -> None:
    stage.evaluate("core")
    path = f"/tiers/{stage.seeded.tiers['core'].public_id}/"
    page = sign_in("arne").get(path).content.decode()
    for words in (
        "The policy as a procedure",
        "Bring the assets outside their bands to 50 % of the band",
        "One operator decides.",
        "fiona, olga",
        "not fired",
        "limit 1.5 %",
        "Limits of the role on the chain",
    ):
        assert words in page
    assert "Check now" not in page
    assert "Lower the tier" not in page


def test_check__without_a_reason__evaluates_and_says_why_not(stage: Stage) -> None:
    path = f"/tiers/{stage.seeded.tiers['core'].public_id}/"
    browser = sign_in("olga")
    answer = browser.post(f"{path}check", {"reason": ""}, follow=True)
    assert "no proposal. The evaluation says why not: not fired." in answer.content.decode()
    assert not Proposal.objects.exists()


def test_check__with_a_reason__forces_it_and_names_the_author(stage: Stage) -> None:
    path = f"/tiers/{stage.seeded.tiers['yield'].public_id}/"
    answer = sign_in("olga").post(f"{path}check", {"reason": "month end"}, follow=True)
    assert "a proposal was made" in answer.content.decode()
    assert Proposal.objects.get().author == stage.people["olga"]


@pytest.mark.parametrize("name", ["arne", "ada"])
@pytest.mark.parametrize("what", ["check", "degrade"])
def test_acts__reader__is_refused_and_nothing_happens(stage: Stage, name: str, what: str) -> None:
    path = f"/tiers/{stage.seeded.tiers['yield'].public_id}/{what}"
    assert sign_in(name).post(path, {"reason": "month end"}).status_code == 403
    assert not Proposal.objects.exists()
    assert not Halt.objects.exists()


def test_degrade__without_or_with_too_long_a_reason__says_how_to_mend_it(stage: Stage) -> None:
    path = f"/tiers/{stage.seeded.tiers['yield'].public_id}/"
    browser = sign_in("sofia")
    assert "Say why" in browser.post(f"{path}degrade", {}, follow=True).content.decode()
    long = browser.post(f"{path}degrade", {"reason": "x" * 201}, follow=True).content.decode()
    assert "201 characters, at most 200 fit" in long
    assert not Halt.objects.exists()


def test_degrade__with_a_reason__lowers_the_tier_and_shows_it(stage: Stage) -> None:
    path = f"/tiers/{stage.seeded.tiers['yield'].public_id}/"
    page = sign_in("sofia").post(f"{path}degrade", {"reason": "odd"}, follow=True).content.decode()
    halt = Halt.objects.get()
    assert (halt.level, halt.tripped_by, halt.reason) == ("SEMI", "PERSON:sofia", "odd")
    assert "Lowered to SEMI" in page
    assert "L1 SEMI" in page
    assert stage.propose("yield").route == "OPERATOR"
