"""The stored chain with one owner more in its main Safe, and what the contract says there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.local.chain.accounts import ACCOUNTS, AccountName, address_of
from config.local.chain.builder import addresses as at
from config.local.chain.builder.custody import EXECUTE, NO_REFUND
from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc, RpcError, encode_call, hexed, unhexed
from execution.core.safe_tx import exec_transaction, preimage, safe_tx_hash
from execution.core.types import SafeTxFields
from treasury.core.types import Address

HASH: Final = EXECUTE.replace("execTransaction", "getTransactionHash").replace("bytes)", "uint256)")
CHECK: Final = "checkSignatures(bytes32,bytes,bytes)"
CREATE: Final = "createProxyWithNonce(address,bytes,uint256)"
SETUP: Final = "setup(address[],uint256,address,bytes,address,address,uint256,address)"
SALTS_MAX: Final = 1_000  # a tenth of all addresses is low enough


@dataclass(frozen=True)
class Bench:
    rpc: Rpc
    there: Deployment

    @property
    def main(self) -> Address:
        return Address(self.there.safes.main)

    # -------------------------------------------------------------------------------- preparing
    def send(self, name: AccountName, to: str, data: bytes) -> None:
        account = ACCOUNTS[name]
        nonce = self.rpc.nonce(account.address)
        self._mine(self.rpc.submit(account, self.there.chain_id, nonce, to, data, gas=1_000_000))

    def add_low_owner(self, person: AccountName) -> Address:
        """A Safe of one person whose address sorts before those of all other owners.

        With it the blob begins with a contract's signature, and the one of the board comes second,
        at an offset that depends on the length of the first. The main Safe adds it as its own
        caller: the signatures under test must not be needed to prepare the test.
        """
        lowest = min(int(owner, 16) for owner in self.there.owners)
        tail = (at.SAFE_FALLBACK_HANDLER, at.NULL, 0, at.NULL)
        setup = encode_call(SETUP, [address_of(person)], 1, at.NULL, b"", *tail)
        address, salt = next(
            (found, salt)
            for salt in range(SALTS_MAX)
            if int(found := self._safe_address(setup, salt), 16) < lowest
        )
        creation = encode_call(CREATE, at.SAFE_SINGLETON, setup, salt)
        self.send("deployer", at.SAFE_PROXY_FACTORY, creation)
        self.rpc("anvil_impersonateAccount", self.main)
        data = encode_call("addOwnerWithThreshold(address,uint256)", address, 3)
        call = {"from": self.main, "to": self.main, "data": hexed(data)}
        self._mine(self.rpc("eth_sendTransaction", call))
        return address

    def _safe_address(self, setup: bytes, salt: int) -> Address:
        arguments = (at.SAFE_SINGLETON, setup, salt)
        return Address(self.rpc.read_address(at.SAFE_PROXY_FACTORY, CREATE, *arguments))

    def _mine(self, sent: str) -> None:
        self.rpc.mine(self.rpc.timestamp() + 12)
        assert self.rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"

    # -------------------------------------------------------------------------------- the contract
    def hashes(self, transactions: Sequence[SafeTxFields]) -> list[str]:
        """What the main Safe says that its owners have to sign."""
        calls = [
            encode_call(HASH, tx.to, tx.value, tx.data, int(tx.operation), *NO_REFUND, tx.nonce)
            for tx in transactions
        ]
        requests = [({"to": self.main, "data": hexed(call)}, "latest") for call in calls]
        return [str(answer) for answer in self.rpc.reads("eth_call", requests)]

    def refusal(self, fields: SafeTxFields, packed: bytes) -> str | None:
        """Why the main Safe does not take these signatures; None when it takes them."""
        digest = unhexed(safe_tx_hash(fields))
        call = encode_call(CHECK, digest, preimage(fields), packed)
        try:
            self.rpc("eth_call", {"to": self.main, "data": hexed(call)}, "latest")
        except RpcError as error:
            return str(error)
        return None

    def executes(self, fields: SafeTxFields, packed: bytes) -> bool:
        """Our calldata, sent by somebody who owns nothing, to the end of the inner call."""
        call = {
            "from": address_of("stranger"),
            "to": self.main,
            "data": hexed(exec_transaction(fields, packed)),
        }
        return int(self.rpc("eth_call", call, "latest"), 16) == 1
