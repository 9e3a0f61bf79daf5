"""Ways over several markets from the policy to the page: for owners all of them, by a role one pool
at a time; every quote in the evidence and on the page."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from config.local.seed.policies import core_policy, strategic_shift
from config.local.seed.treasury import SEEDER
from execution.models import Quote
from execution.selectors.plans import plan_value
from execution.services.quoting import allow_market
from governance.models import Proposal
from governance.selectors.proposals import plan_of, proposal_by_id
from tests.integration.governance.conftest import Stage
from tests.integration.governance.proposal_page.test_page import path, reader
from treasury.core.policies import RoutingRules
from treasury.core.types import Address


def allow(stage: Stage, one: str, other: str, fee: int) -> None:
    deployment = stage.seeded.deployment
    pool = deployment.pool(one, other, fee)
    allow_market(
        treasury_id=stage.seeded.treasury.pk,
        venue="uniswap_v3",
        base=Address(deployment.tokens[pool.token0].address),
        quote=Address(deployment.tokens[pool.token1].address),
        parameters={"fee": str(fee), "pool": pool.address},
        fee_bps=Decimal(fee) / 100,
        depth_usd=Decimal(20_000_000),
        gas_units=220_000,
        actor=SEEDER,
        block=None,
        is_in_roles=False,
    )


def strategic(stage: Stage) -> Proposal:
    """The strategic shift, over two fee tiers and in up to two parts."""
    for fee in (3_000, 10_000):
        allow(stage, "WETH", "USDC", fee)
    policy = strategic_shift(stage.seeded.deployment)
    stage.seeded.publish("strategic", replace(policy, routing=RoutingRules(2, 2)))
    proposal = stage.propose("strategic")
    stage.sweep()
    return proposal_by_id(proposal.pk)


def test_proposal__split_over_two_pools__page_shows_each_way_with_its_numbers(
    stage: Stage,
) -> None:
    proposal = strategic(stage)
    legs = plan_value(plan_of(proposal)).legs
    pairs = [(leg.sell, leg.buy) for leg in legs]
    assert len(pairs) > len(set(pairs)), "no pair was split"
    reasons = json.loads(plan_of(proposal).evidence)["reasons"]
    rows = Quote.objects.filter(decision_id=proposal.decision_id)
    assert rows.filter(is_chosen=True).count() == len(reasons["quotes"]) == len(legs)
    assert rows.filter(is_chosen=False).count() == len(reasons["others"]) > 2
    for person in ("sofia", "arne"):
        text = reader(stage, person).get(path(proposal)).content.decode()
        asked = len(reasons["quotes"]) + len(reasons["others"])
        assert f"Ways it could go: {len(legs)} taken of {asked} asked" in text
        assert "Uniswap v3, 0.05 % pool" in text
        assert "Uniswap v3, 0.3 % pool" in text
        assert "Under 0.01 % less" in text or "% less</span>" in text


def test_proposal__path_pays_but_a_role_acts__keeps_to_what_the_role_knows(stage: Stage) -> None:
    """WBTC falls: core buys a little, by its role: through the direct pools that the role knows,
    though the way through WETH in a pool that it does not know is the better one."""
    allow(stage, "WBTC", "WETH", 500)
    policy = core_policy(stage.seeded.deployment)
    stage.seeded.publish("core", replace(policy, routing=RoutingRules(2, 1)))
    stage.move("WBTC", -1_050)
    by_role = stage.propose("core")
    assert by_role.route == "OPERATOR"
    kept = Quote.objects.filter(decision_id=by_role.decision_id, is_chosen=True)
    assert {row.detail["kept_to"] for row in kept} == {
        "single markets that the role on the chain knows"
    }
    assert {row.detail["fees"] for row in kept} <= {"500", "3000"}


def test_proposal__large_one_for_the_owners__goes_the_path(stage: Stage) -> None:
    allow(stage, "WBTC", "WETH", 500)
    policy = core_policy(stage.seeded.deployment)
    stage.seeded.publish("core", replace(policy, routing=RoutingRules(2, 1)))
    stage.move("WBTC", -3_000)
    proposal = stage.propose("core")
    assert proposal.route == "MULTISIG"
    chosen = Quote.objects.filter(decision_id=proposal.decision_id, is_chosen=True)
    assert "500, 500" in {row.detail["fees"] for row in chosen}
    text = reader(stage, "sofia").get(path(proposal)).content.decode()
    assert "0.05 % pool, WETH, 0.05 % pool" in text
    assert "USDC, 0.05 % pool, WETH, 0.05 % pool, WBTC" in text, "the path's bytes in words"
