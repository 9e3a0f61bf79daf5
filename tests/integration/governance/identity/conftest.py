"""People at the door: a browser that asks for texts, and keys that sign them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from eth_account import Account
from eth_account.messages import encode_defunct

from config.local.chain.accounts import ACCOUNTS, AccountName, private_key
from tests.integration.governance.conftest import Stage

JSON = {"Accept": "application/json"}


def signature_of(name: AccountName, text: str) -> str:
    """As a wallet's `personal_sign` gives it."""
    signed = Account.sign_message(encode_defunct(text=text), private_key(name))
    return "0x" + bytes(signed.signature).hex()


@dataclass
class Browser:
    """One browser with its own cookies."""

    client: Client = field(default_factory=Client)

    def ask(self, address: str, path: str = "/login/wallet", **more: Any) -> dict[str, str]:
        answer = self.client.post(path, {"address": address, **more}, headers=JSON)
        assert answer.status_code == 200, answer.content
        asked: dict[str, str] = answer.json()
        return asked

    def bring(
        self, nonce: str, signature: str, path: str = "/login/wallet/proof", **more: Any
    ) -> Any:
        return self.client.post(path, {"nonce": nonce, "signature": signature, **more})

    def sign_in(self, name: AccountName) -> Any:
        asked = self.ask(ACCOUNTS[name].address)
        return self.bring(asked["nonce"], signature_of(name, asked["text"]))

    @property
    def who(self) -> str:
        """The user name of the session, empty when nobody is signed in."""
        answer = self.client.get("/login")
        return str(answer.wsgi_request.user.get_username())


@pytest.fixture
def browser(stage: Stage) -> Browser:
    return Browser()
