"""A browser wallet (EIP-1193, announced by EIP-6963) whose keys are the local chain's public ones.

The page sees a provider like any other; the signing happens here, with real keys, so that the
server and the contracts judge real signatures. `state` is what a test bends: another chain, a
person who declines, another account, garbage.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from playwright.sync_api import BrowserContext

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID, AccountName, private_key
from tests.conftest import Chain

DECLINED: Final = {"code": 4001, "message": "User rejected the request."}
UNKNOWN_CHAIN: Final = {"code": 4902, "message": "Unrecognized chain ID."}
PROVIDER: Final = """(() => { const heard = {};
 const provider = {
   request: async call => { const answer = await window.__wallet(call);
     if (answer.error) { const error = new Error(answer.error.message);
       error.code = answer.error.code; throw error }
     return answer.result },
   on: (name, react) => { (heard[name] ??= []).push(react) }, removeListener() {} };
 window.__emit = (name, value) => (heard[name] ?? []).forEach(react => react(value));
 const info = { uuid: '350670db-19fa-4704-a166-e52e178b59d2', name: 'Test Wallet',
   icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>', rdns: 'test.wallet' };
 const detail = Object.freeze({ info, provider });
 const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
 addEventListener('eip6963:requestProvider', announce); announce(); })()"""


@dataclass
class Wallet:
    """One person's wallet. `calls` are the methods that the page asked for, in order."""

    name: AccountName
    chain: Chain
    chain_id: str = hex(CHAIN_ID)
    declines: bool = False
    knows_chain: bool = True
    garbage: str = ""
    calls: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return ACCOUNTS[self.name].address

    @property
    def prompts(self) -> int:
        """How often the person was asked to sign or send."""
        return sum(
            method in {"personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"}
            for method in self.calls
        )

    def install(self, context: BrowserContext) -> Wallet:
        """Into every page of the context, before the page's own scripts run."""
        context.expose_binding("__wallet", lambda _, call: self.answer(call))
        context.add_init_script(PROVIDER)
        return self

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call.get("params") or []
        self.calls.append(method)
        if method in {"eth_requestAccounts", "eth_accounts"}:
            return {"result": [self.address]}
        if method == "eth_chainId":
            return {"result": self.chain_id}
        if method == "wallet_switchEthereumChain":
            if not self.knows_chain:
                return {"error": UNKNOWN_CHAIN}
            self.chain_id = params[0]["chainId"]
            return {"result": None}
        if method == "wallet_addEthereumChain":
            self.knows_chain = True
            return {"result": None}
        return self._asked(method, params)

    def _asked(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method in {"personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"}:
            if self.declines:
                return {"error": DECLINED}
            if self.garbage:
                return {"result": self.garbage}
        if method == "personal_sign":
            return self._signature(encode_defunct(hexstr=params[0]))
        if method == "eth_signTypedData_v4":
            typed = json.loads(params[1])
            if int(typed["domain"]["chainId"]) != int(self.chain_id, 16):
                return {"error": {"code": -32603, "message": "Provided chainId must match."}}
            return self._signature(encode_typed_data(full_message=typed))
        if method == "eth_sendTransaction":
            return {"result": self.send(params[0])}
        return {"result": self.chain.rpc(method, *params)}

    def _signature(self, message: Any) -> dict[str, Any]:
        signed = Account.sign_message(message, private_key(self.name))
        return {"result": "0x" + signed.signature.hex().removeprefix("0x")}

    def send(self, call: dict[str, Any]) -> str:
        """Signed here and sent raw: the local chain knows no accounts of its own."""
        nonce = int(self.chain.rpc("eth_getTransactionCount", self.address, "pending"), 16)
        raw = Account.sign_transaction(
            {
                "to": call["to"],
                "data": call.get("data", "0x"),
                "value": int(call.get("value", "0x0"), 16),
                "nonce": nonce,
                "gas": int(call.get("gas", hex(1_500_000)), 16),
                "maxFeePerGas": 200 * 10**9,
                "maxPriorityFeePerGas": 10**8,
                "chainId": CHAIN_ID,
            },
            private_key(self.name),
        ).raw_transaction
        sent: str = self.chain.rpc("eth_sendRawTransaction", "0x" + bytes(raw).hex())
        return sent
