"""The builder's hands: send, create, call as somebody, all with explicit times and fixed fees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID, AccountName, address_of
from config.local.chain.builder import addresses as at
from config.local.chain.builder.packages import Artefact
from config.local.chain.rpc import Receipt, Rpc, encode_call, hexed, unhexed

BLOCK_SECONDS: Final = 12
BASE_FEE_WEI: Final = 5 * 10**9
CREATE_GAS: Final = 15_000_000
CALL_GAS: Final = 8_000_000


class ChainBuildError(Exception):
    """A step of the builder did not do what it must; the chain is worthless."""


class Session:
    """One transaction is one block, `BLOCK_SECONDS` after the one before."""

    def __init__(self, rpc: Rpc, artefacts: Mapping[str, Artefact]) -> None:
        self.rpc = rpc
        self.artefacts = artefacts
        self.now = rpc.timestamp()

    # -------------------------------------------------------------------------------- sending
    def _mined(self, transaction_hash: str, what: str) -> Receipt:
        self.now += BLOCK_SECONDS
        self.rpc.mine(self.now, BASE_FEE_WEI)
        receipt: Receipt | None = self.rpc("eth_getTransactionReceipt", transaction_hash)
        if receipt is None or int(receipt["status"], 16) != 1:
            raise ChainBuildError(f"{what} failed: {receipt}")
        return receipt

    def send(
        self,
        sender: AccountName,
        to: str | None,
        data: bytes,
        *,
        value: int = 0,
        gas: int = CALL_GAS,
        what: str = "a call",
    ) -> Receipt:
        account = ACCOUNTS[sender]
        nonce = self.rpc.nonce(account.address)
        sent = self.rpc.submit(account, CHAIN_ID, nonce, to, data, value=value, gas=gas)
        return self._mined(sent, what)

    def call(
        self, sender: AccountName, to: str, signature: str, *arguments: object, value: int = 0
    ) -> Receipt:
        data = encode_call(signature, *arguments)
        return self.send(sender, to, data, value=value, what=signature)

    def send_as(self, sender: str, to: str | None, data: bytes, what: str) -> Receipt:
        """Send from an address whose key nobody here has; only a local node allows that."""
        self.rpc("anvil_impersonateAccount", sender)
        self.rpc("anvil_setBalance", sender, hex(10**20))
        transaction = {"from": sender, "data": hexed(data), "gas": hex(CREATE_GAS)}
        fees = {"maxFeePerGas": hex(10**11), "maxPriorityFeePerGas": hex(10**8)}
        target = {} if to is None else {"to": to}
        receipt = self._mined(self.rpc("eth_sendTransaction", transaction | fees | target), what)
        self.rpc("anvil_stopImpersonatingAccount", sender)
        return receipt

    # -------------------------------------------------------------------------------- creating
    def creation_code(
        self,
        name: str,
        types: tuple[str, ...] = (),
        arguments: tuple[object, ...] = (),
        libraries: Mapping[str, str] | None = None,
    ) -> bytes:
        return self.artefacts[name].creation_code(libraries) + encode(types, arguments)

    def create(
        self, name: str, types: tuple[str, ...] = (), arguments: tuple[object, ...] = ()
    ) -> ChecksumAddress:
        code = self.creation_code(name, types, arguments)
        receipt = self.send("deployer", None, code, gas=CREATE_GAS, what=f"create {name}")
        return to_checksum_address(str(receipt["contractAddress"]))

    def create_historic(
        self,
        name: str,
        types: tuple[str, ...] = (),
        arguments: tuple[object, ...] = (),
        libraries: Mapping[str, str] | None = None,
    ) -> ChecksumAddress:
        """Replay a CREATE of mainnet. Better than placing runtime code: the constructor runs, and
        immutables such as the v3 factory's own address come out right."""
        historic = at.HISTORIC[name]
        self.rpc("anvil_setNonce", historic.deployer, hex(historic.nonce))
        code = self.creation_code(name, types, arguments, libraries)
        receipt = self.send_as(historic.deployer, None, code, f"create {name}")
        if to_checksum_address(str(receipt["contractAddress"])) != historic.address:
            raise ChainBuildError(f"{name} landed on {receipt['contractAddress']}")
        return historic.address

    def create2(self, factory: str, name: str, expected: str) -> None:
        """By a keyless factory with salt 0; the resulting address proves the creation code."""
        code = bytes(32) + self.creation_code(name)
        self.send("deployer", factory, code, gas=CREATE_GAS, what=f"create2 {name}")
        self.require_code(expected, name)

    def create_erc2470(self, name: str, expected: str | None = None) -> ChecksumAddress:
        """This factory answers 0 where a creation fails instead of reverting: check the code."""
        artefact = self.artefacts[name]
        signature = "deploy(bytes,bytes32)"
        arguments = (artefact.creation_code(), unhexed(artefact.salt))
        address = self.rpc.read_address(at.ERC2470, signature, *arguments)
        if expected not in (None, address):
            raise ChainBuildError(f"{name} would land on {address}, not on {expected}")
        data = encode_call(signature, *arguments)
        self.send("deployer", at.ERC2470, data, gas=CREATE_GAS, what=f"deploy {name}")
        self.require_code(address, name)
        return address

    # -------------------------------------------------------------------------------- state
    def require_code(self, address: str, name: str) -> None:
        if not self.code(address):
            raise ChainBuildError(f"{name}: no code at {address}")

    def code(self, address: str) -> bytes:
        return unhexed(self.rpc("eth_getCode", address, "latest"))

    def set_code(self, address: str, code: bytes) -> None:
        self.rpc("anvil_setCode", address, hexed(code))

    def fund(self, name: AccountName, wei: int) -> None:
        self.rpc("anvil_setBalance", address_of(name), hex(wei))
