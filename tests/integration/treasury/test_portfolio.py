"""Onboarding: decimals are the chain's, pairs belong to one tier, nothing half-made stays."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.integration.treasury.world import ACTOR, World
from treasury.adapters.chain import UnreadableTokenError
from treasury.core.types import NATIVE, Address
from treasury.models import Asset, AssetKind, AuditEvent, SafeKind, TierAsset, Treasury
from treasury.selectors.portfolio import (
    asset_by_address,
    main_safes,
    safe_by_address,
    tier_by_id,
    tiers,
    treasury_named,
)
from treasury.services.portfolio import (
    AssetMismatchError,
    add_asset,
    add_safe,
    assign_asset,
    create_tier,
    create_treasury,
)

pytestmark = pytest.mark.django_db


def test_every_step_is_in_the_audit_chain(bare_world: World) -> None:
    actions = list(AuditEvent.objects.order_by("id").values_list("payload__action", flat=True))
    assert actions[0] == "treasury.created"
    assert actions.count("safe.added") == 3
    assert actions.count("asset.added") == len(bare_world.assets)
    assert actions.count("tier.asset_assigned") == 6


def test_selectors(bare_world: World) -> None:
    world = bare_world
    assert list(tiers(world.treasury.id)) == [world.core, world.yield_]
    assert tier_by_id(world.core.id).safe == world.safes["core"]
    assert list(main_safes()) == [world.safes["main"]]
    address = Address(world.safes["core"].address)
    found = safe_by_address(treasury_id=world.treasury.id, address=address)
    assert found == world.safes["core"]
    weth = asset_by_address(treasury_id=world.treasury.id, address=world.address("WETH"))
    assert (weth.symbol, weth.decimals) == ("WETH", 18)
    assert treasury_named("") == world.treasury
    with pytest.raises(Treasury.DoesNotExist):
        treasury_named("nobody")


def test_decimals_must_be_those_of_the_chain(bare_world: World) -> None:
    token = bare_world.deployment.awkward_tokens["NORET"]
    before = (Asset.objects.count(), AuditEvent.objects.count())
    for decimals in (18, 7):
        with pytest.raises(AssetMismatchError, match="6 decimals"):
            add_asset(
                treasury_id=bare_world.treasury.id,
                address=Address(token.address),
                decimals=decimals,
                rpc_url=bare_world.url,
                actor=ACTOR,
            )
    with pytest.raises(UnreadableTokenError):
        add_asset(
            treasury_id=bare_world.treasury.id,
            address=Address(bare_world.safes["core"].address),
            decimals=18,
            rpc_url=bare_world.url,
            actor=ACTOR,
        )
    assert (Asset.objects.count(), AuditEvent.objects.count()) == before


def test_native_currency_is_an_asset_of_its_own_kind(bare_world: World) -> None:
    native = bare_world.assets["ETH"]
    assert (native.address, native.kind, native.decimals) == (NATIVE, AssetKind.NATIVE, 18)
    assert bare_world.assets["vUSDC"].underlying == bare_world.assets["USDC"]


def test_a_pair_of_safe_and_asset_has_one_tier(bare_world: World) -> None:
    second = create_tier(
        treasury_id=bare_world.treasury.id,
        name="second",
        objective="Shares the Safe",
        safe_id=bare_world.safes["core"].id,
        actor=ACTOR,
    )
    before = (TierAsset.objects.count(), AuditEvent.objects.count())
    with pytest.raises(IntegrityError, match="one_tier_per_pair"), transaction.atomic():
        assign_asset(tier_id=second.id, asset_id=bare_world.assets["WETH"].id, actor=ACTOR)
    assert (TierAsset.objects.count(), AuditEvent.objects.count()) == before
    assign_asset(tier_id=second.id, asset_id=bare_world.assets["DAI"].id, actor=ACTOR)


def test_one_main_safe_and_well_formed_addresses(bare_world: World) -> None:
    stranger = Address(bare_world.deployment.accounts["stranger"])
    cases = ((stranger, "one_main"), (Address("0x12"), "is_address"))
    for address, constraint in cases:
        kind = SafeKind.MAIN if constraint == "one_main" else SafeKind.TIER
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            add_safe(
                treasury_id=bare_world.treasury.id,
                name="x",
                address=address,
                kind=kind,
                actor=ACTOR,
            )


def test_nothing_of_another_treasury(bare_world: World) -> None:
    other = create_treasury(
        name="Other",
        chain_id=31337,
        executor_address=Address(bare_world.treasury.executor_address),
        actor=ACTOR,
    )
    with pytest.raises(bare_world.safes["core"].DoesNotExist):
        create_tier(
            treasury_id=other.id,
            name="x",
            objective="x",
            safe_id=bare_world.safes["core"].id,
            actor=ACTOR,
        )
    foreign = add_asset(
        treasury_id=other.id, address=NATIVE, decimals=18, rpc_url=bare_world.url, actor=ACTOR
    )
    with pytest.raises(Asset.DoesNotExist):
        assign_asset(tier_id=bare_world.core.id, asset_id=foreign.id, actor=ACTOR)
    assert not TierAsset.objects.filter(asset=foreign).exists()
