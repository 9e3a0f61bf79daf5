"""Address book & allow-lists: limits beside the chain, labels by two people, look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import AddressEntry
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.models import AuditEvent

Readers = Callable[[str], Reader]
STRANGER = "0x1111111254EEB25477B68fb85Ed929f73A960582"


def form(**changes: str) -> dict[str, str]:
    later = (timezone.now() + timedelta(days=30)).strftime("%Y-%m-%d")
    return {
        "address": STRANGER,
        "label": "Custody desk",
        "purpose": "quarterly payments",
        "expires_at": later,
    } | changes


def test_limits__of_the_chain__beside_the_policy(stage: Stage, reader: Readers) -> None:
    page = reader("arne").page("/addresses/")
    assert "The same" in page
    assert "Different" not in page
    assert "never" in page
    stage.settle(stage.propose("yield"), {"DONE"})
    after = reader("arne").page("/addresses/")
    assert "uniswap_v3" in after
    assert after.count("never") < page.count("never")


def test_limits__node_silent__says_so(stage: Stage, reader: Readers, settings: Any) -> None:
    settings.RPC_URLS = ["http://127.0.0.1:1"]
    page = reader("arne").page("/addresses/")
    assert "No node answers now" in page
    assert "WETH" in page


def test_label__two_people__puts_it_in_force_and_one_takes_it_away(
    stage: Stage, reader: Readers
) -> None:
    fiona, sofia = reader("fiona"), reader("sofia")
    assert "Asked for" in fiona.post("/addresses/", **form()).text
    entry = AddressEntry.objects.get()
    path = f"/addresses/{entry.public_id}"
    assert "Awaits a second person" in reader("arne").page("/addresses/")
    assert fiona.post(path, act="agree").status == 422
    assert AddressEntry.objects.filter(approver=None).exists()
    assert "is in the book" in sofia.post(path, act="agree").text
    assert "In force" in reader("arne").page("/addresses/")
    sofia.post(path, act="withdraw")
    assert "Withdrawn</span>" in reader("arne").page("/addresses/")
    actions = AuditEvent.objects.filter(payload__object_id=entry.public_id).order_by("id")
    assert [event.payload["action"] for event in actions] == [
        "address.asked",
        "address.agreed",
        "address.withdrawn",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "0x12"),
        ("address", STRANGER.replace("EEB", "eEB")),
        ("address", "0x" + "0" * 40),
        ("label", " "),
        ("label", "x" * 81),
        ("label", "evil\u202etxet"),
        ("expires_at", "2020-01-01"),
        ("expires_at", "2999-01-01"),
        ("expires_at", "soon"),
    ],
)
def test_label__bad_field__says_which_and_loses_nothing(
    reader: Readers, field: str, value: str
) -> None:
    answer = reader("fiona").post("/addresses/", **form(**{field: value}))
    assert answer.status == 422
    assert "Nothing you typed is lost" in answer.text
    assert "quarterly payments" in answer.text
    assert not AddressEntry.objects.exists()


def test_label__looks_like_our_safe__asks_to_compare_first(stage: Stage, reader: Readers) -> None:
    ours = stage.seeded.deployment.safes.main.lower()
    twin = ours[:6] + "0" * 32 + ours[-4:]
    fiona = reader("fiona")
    answer = fiona.post("/addresses/", **form(address=twin))
    assert answer.status == 422
    assert "Compare every character" in answer.text
    assert not AddressEntry.objects.exists()
    fiona.post("/addresses/", **form(address=twin, is_compared="yes"))
    assert "looks like main Safe" in reader("arne").page("/addresses/")


def test_label__twice_for_one_address__is_refused(reader: Readers) -> None:
    reader("fiona").post("/addresses/", **form())
    assert "a label already" in reader("felix").post("/addresses/", **form(label="Other")).text
    assert AddressEntry.objects.count() == 1


@pytest.mark.parametrize("name", ["olga", "arne", "ada"])
def test_label__who_may_not__is_refused(reader: Readers, name: str) -> None:
    assert reader(name).post("/addresses/", **form()).status == 403
    assert not AddressEntry.objects.exists()
