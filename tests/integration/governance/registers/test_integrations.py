"""Integrations: whose channels and tokens one sees, what one may do to them, secrets shown once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from governance.models import ApiToken, Channel, Notification
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader

Readers = Callable[[str], Reader]
MAIL = {"kind": "email", "target": "olga@example.org"}
HOOK = {"kind": "webhook", "target": "https://hooks.example.org/treasury", "whose": "treasury"}


def test_channel__ones_own__is_made_tried_and_switched_off(reader: Readers) -> None:
    olga = reader("olga")
    assert "Nobody is told anything yet" in olga.page("/integrations/")
    assert "Made." in olga.post("/integrations/", **MAIL).text
    channel = Channel.objects.get()
    path = f"/integrations/channels/{channel.public_id}/"
    assert "olga@example.org" in olga.page("/integrations/")
    assert "on its way" in olga.post(path, act="test").text
    message = Notification.objects.get()
    assert message.subject in olga.page(path)
    assert "Switched off" in olga.post(path, act="disable").text
    assert olga.post(path, act="test").status == 422
    assert "Switched on" in olga.post(path, act="enable").text
    assert "told again" in olga.post(path, act="replay", message=message.public_id).text
    assert Notification.objects.get().tries == 0


def test_channel__of_somebody_else__is_not_there(reader: Readers) -> None:
    reader("olga").post("/integrations/", **MAIL)
    path = f"/integrations/channels/{Channel.objects.get().public_id}/"
    for name in ("fiona", "ada"):
        assert reader(name).get(path).status == 404
        assert reader(name).post(path, act="disable").status == 404
        assert "olga@example.org" not in reader(name).page("/integrations/")
    assert Channel.objects.get().disabled_at is None


def test_webhook__of_the_treasury__secret_is_shown_once(reader: Readers) -> None:
    ada = reader("ada")
    shown = ada.post("/integrations/", **HOOK).text
    channel = Channel.objects.get()
    assert channel.user is None
    assert channel.secret in shown
    path = f"/integrations/channels/{channel.public_id}/"
    assert channel.secret not in ada.page(path) + ada.page("/integrations/")
    rotated = ada.post(path, act="rotate").text
    fresh = Channel.objects.get()
    assert fresh.secret != channel.secret
    assert fresh.secret in rotated
    assert "End the rotation" in ada.page(path)
    ada.post(path, act="finish")
    assert Channel.objects.get().previous_secret == ""


@pytest.mark.parametrize("name", ["olga", "fiona", "arne"])
def test_webhook__who_does_not_govern__makes_none_for_the_treasury(
    reader: Readers, name: str
) -> None:
    assert reader(name).post("/integrations/", **HOOK).status == 404
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    "form", [MAIL | {"target": "nowhere"}, MAIL | {"kind": "pigeon"}, MAIL | {"topics": "x"}]
)
def test_channel__bad_input__says_why_and_keeps_it(reader: Readers, form: dict[str, str]) -> None:
    answer = reader("olga").post("/integrations/", **form)
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert form["target"] in answer.text
    assert not Channel.objects.exists()


def test_tokens__seen_by_auditors__revoked_by_administrators(stage: Stage, reader: Readers) -> None:
    secret = stage.seeded.issue_token()
    token = ApiToken.objects.get()
    path = f"/integrations/tokens/{token.public_id}/revocation"
    page = reader("arne").page("/integrations/")
    assert token.prefix in page
    assert token.secret_hash not in page
    assert token.prefix not in reader("olga").page("/integrations/")
    assert reader("arne").post(path).status == 403
    assert stage.bearer(secret).get("/api/v1/proposals").status_code == 200
    assert "can do nothing any more" in reader("ada").post(path).text
    assert stage.bearer(secret).get("/api/v1/proposals").status_code == 401
