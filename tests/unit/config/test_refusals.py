"""Production starts with good settings only, and says how to mend the others."""

from __future__ import annotations

import pytest

from config.refusals import DEMO_MNEMONIC, refusals

GOOD = {
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "ballast.example",
    "DATABASE_URL": "postgres://ballast_app@database/ballast",
    "REDIS_URL": "redis://redis:6379",
    "RPC_URLS": "https://a.example,https://b.example,https://c.example",
    "CHAIN_ID": "1",
    "SITE_URL": "https://ballast.example",
}


def demo_key() -> str:
    """The first key that everybody knows, in two halves so that no scanner takes it for a leak."""
    return "0xac0974bec39a17e36ba4a6b4d238ff94" + "4bacb478cbed5efcae784d7bf4f2ff80"


def test_good_settings_are_accepted() -> None:
    assert refusals(GOOD) == []
    assert refusals(GOOD | {"DEBUG": "false", "AUTOMATION_ENABLED": "true"}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"DEBUG": "True"}, "DEBUG is on"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is short"),
        ({"SECRET_KEY": "local-only-and-refused-in-production" + "x" * 30}, "SECRET_KEY is short"),
        ({"CHAIN_ID": "31337"}, "CHAIN_ID is 31337"),
        ({"CHAIN_ID": ""}, "CHAIN_ID is missing"),
        ({"SITE_URL": ""}, "SITE_URL is missing"),
        ({"SITE_URL": "http://ballast.example"}, "SITE_URL is missing or not an https://"),
        ({"SITE_URL": "https://ballast.example/app"}, "SITE_URL is missing or not an https://"),
        ({"CHAIN_ID": "main"}, "CHAIN_ID is missing or not a number"),
        ({"CRASH_AT": "broadcast.after:1"}, "CRASH_AT is set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is missing"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL is not PostgreSQL"),
        ({"REDIS_URL": ""}, "REDIS_URL is missing"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is missing"),
        ({"RPC_URLS": ""}, "RPC_URLS is missing"),
        ({"RPC_URLS": "https://a.example,https://b.example"}, "RPC_URLS names 2 provider"),
        ({"RPC_URLS": "https://a.example, https://a.example,https://a.example"}, "names 1 "),
        ({"EXECUTOR_KEY": demo_key()}, "EXECUTOR_KEY holds a demonstration key"),
        ({"SOMETHING": f'{{"key": "{demo_key()[2:]}"}}'}, "SOMETHING holds a demonstration key"),
        ({"MNEMONIC": DEMO_MNEMONIC}, "MNEMONIC holds a demonstration key"),
        ({"EXECUTOR_KEY_SEED": "demo"}, "EXECUTOR_KEY_SEED is set"),
    ],
)
def test_what_is_wrong_is_said_with_where_and_how_to_mend(
    changes: dict[str, str], words: str
) -> None:
    (line,) = refusals(GOOD | changes)
    assert words in line
    assert "(environment)" in line
    assert "Set " in line or "set " in line or "Remove" in line or "Add" in line
    assert demo_key()[2:] not in line


def test_two_providers_are_enough_without_automation() -> None:
    two = {"RPC_URLS": "https://a.example,https://b.example", "AUTOMATION_ENABLED": "false"}
    assert refusals(GOOD | two) == []


def test_every_reason_is_given_at_once() -> None:
    assert len(refusals({})) == 7
