"""The module that pages speak to wallets with, against a wallet that behaves and one that does
not."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import Page

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID
from tests.browser.theatre import Theatre, Visitor

MODULE = "/static/governance/js/wallet.js"
CHAIN = {
    "chainName": "Local",
    "rpcUrls": ["http://127.0.0.1:8545"],
    "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
}
OTHER = "0x" + "11" * 20


def run(page: Page, body: str, argument: Any = None) -> Any:
    """Run JavaScript with the module as `wallet` and the first wallet's `provider`. A refusal comes
    back as `{refused: <in words>}`."""
    return page.evaluate(
        f"""async argument => {{
          const wallet = await import('{MODULE}');
          try {{
            const found = await wallet.discover();
            const provider = found[0]?.provider;
            {body}
          }} catch (error) {{ return {{ refused: wallet.inWords(error) }} }}
        }}""",
        argument,
    )


def connect(page: Page, chain: Any = None, wanted: Any = ()) -> Any:
    return run(
        page,
        "return await wallet.connect(provider, argument.id, argument.chain, argument.wanted)",
        {"id": CHAIN_ID, "chain": chain, "wanted": list(wanted)},
    )


def login(visitor: Visitor) -> Page:
    return visitor.go("/login")


def test_discover__announced_twice__listed_once(theatre: Theatre) -> None:
    visitor, _ = theatre.with_wallet("owner1")
    names = run(
        login(visitor),
        """const asked = wallet.discover();
           dispatchEvent(new Event('eip6963:requestProvider'));
           return (await asked).map(entry => entry.name)""",
    )
    assert names == ["Test Wallet"]


def test_discover__old_wallet_only__falls_back_to_window_ethereum(theatre: Theatre) -> None:
    visitor = theatre.visitor()
    visitor.context.add_init_script("window.ethereum = { request: async () => [] }")
    assert run(login(visitor), "return found.map(e => e.name)") == ["Browser wallet"]


def test_discover__no_wallet__is_empty(theatre: Theatre) -> None:
    assert run(login(theatre.visitor()), "return found") == []


def test_connect__right_chain__asks_for_no_switch(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    assert connect(login(visitor)) == ACCOUNTS["owner1"].address
    assert "wallet_switchEthereumChain" not in wallet.calls


def test_connect__wrong_chain__switches(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.chain_id = "0x1"
    assert connect(login(visitor)) == ACCOUNTS["owner1"].address
    assert wallet.chain_id == hex(CHAIN_ID)


def test_connect__unknown_chain__is_offered_then_used(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.chain_id, wallet.knows_chain = "0x1", False
    assert connect(login(visitor), CHAIN) == ACCOUNTS["owner1"].address
    assert wallet.chain_id == hex(CHAIN_ID)
    assert wallet.calls.count("wallet_addEthereumChain") == 1


def test_connect__unknown_chain_without_parameters__says_so(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.chain_id, wallet.knows_chain = "0x1", False
    assert "does not know this network" in connect(login(visitor))["refused"]
    assert wallet.chain_id == "0x1"


def test_connect__another_account_open__names_the_wanted_one(theatre: Theatre) -> None:
    visitor, _ = theatre.with_wallet("owner1")
    refused = connect(login(visitor), wanted=[OTHER])["refused"]
    assert ACCOUNTS["owner1"].address in refused
    assert OTHER in refused


def test_connect__wanted_account_in_other_letters__is_the_same(theatre: Theatre) -> None:
    visitor, _ = theatre.with_wallet("owner1")
    address = ACCOUNTS["owner1"].address
    assert connect(login(visitor), wanted=[address.lower()]) == address


def test_sign__text_beyond_ascii__recovers_to_the_account(theatre: Theatre) -> None:
    visitor, _ = theatre.with_wallet("owner1")
    address, text = ACCOUNTS["owner1"].address, "Grüße, 1 €\nsigned"
    signature = run(
        login(visitor),
        "return await wallet.personalSign(provider, argument.address, argument.text)",
        {"address": address, "text": text},
    )
    assert Account.recover_message(encode_defunct(text=text), signature=signature) == address


def test_sign__declined__says_that_nothing_was_sent(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.declines = True
    answer = run(login(visitor), "return await wallet.personalSign(provider, '0x1', 'text')")
    assert answer == {"refused": "You declined in the wallet. Nothing was sent."}


@pytest.mark.parametrize("garbage", ["0x", "0x1234", "hello", "0x" + "zz" * 65])
def test_sign__garbage__is_no_signature(theatre: Theatre, garbage: str) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.garbage = garbage
    answer = run(login(visitor), "return await wallet.personalSign(provider, '0x1', 'text')")
    assert "is no signature" in answer["refused"]


def test_send__garbage__is_no_transaction_hash(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.garbage = "0x1234"
    answer = run(login(visitor), "return await wallet.sendTransaction(provider, {})")
    assert "is no transaction hash" in answer["refused"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": 4100}, "Unlock it"),
        ({"code": -32002}, "still waits"),
        ({"code": 4900}, "not connected"),
        ({"code": -32603, "data": {"originalError": {"code": 4001}}}, "You declined"),
        ({"code": -32603, "message": "x" * 900}, "says: xxx"),
    ],
)
def test_in_words__error_of_a_wallet__says_what_to_do(
    theatre: Theatre, error: dict[str, Any], words: str
) -> None:
    said = run(login(theatre.visitor()), "return wallet.inWords(argument)", error)
    assert words in said
    assert len(said) < 300
