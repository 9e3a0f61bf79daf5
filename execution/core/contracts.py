"""Public infrastructure that a batch may rest on, at its canonical addresses, and functions it
uses.

The addresses are those of Ethereum mainnet and of the local chain. A chain on which they differ
needs a table here first; code is checked against the pinned hash before anything is signed.
"""

from __future__ import annotations

from typing import Final

from treasury.core.types import Address

ZERO: Final = Address("0x" + "0" * 40)
IDENTITY: Final = Address("0x0000000000000000000000000000000000000004")
MULTISEND_CALL_ONLY: Final = Address("0x9641d764fc13c8B624c04430C7356C1C7C8102e2")  # 1.4.1
MULTISEND_CALL_ONLY_CODE_HASH: Final = (
    "0xecd5bd14a08c5d2122379900b2f272bdf107a7e92423c10dd5fe3254386c9939"
)
MULTICALL3: Final = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
SWAP_ROUTER: Final = Address("0xE592427A0AEce92De3Edee1F18E0157C05861564")
SWAP_ROUTER02: Final = Address("0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45")
QUOTER_V2: Final = Address("0x61fFE014bA17989E743c5F6cB21bF9697530B21e")
TICK_LENS: Final = Address("0xbfd8137f7d1516D3ea5cA83523914859ec47F573")
V3_FACTORY: Final = Address("0x1F98431c8aD98523631AE4a59f267346ea31F984")
V3_POOL_INIT_CODE_HASH: Final = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"

MULTI_SEND: Final = "multiSend(bytes)"
EXEC_TRANSACTION: Final = (
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
)
ASSIGN_ROLES: Final = "assignRoles(address,bytes32[],bool[])"
GUARDIAN_KEY: Final = b"GUARDIAN".ljust(32, b"\0")
"""The role on the main Safe's own modifier by which any one owner removes a tier's member."""
EXEC_WITH_ROLE: Final = "execTransactionWithRole(address,uint256,bytes,uint8,bytes32,bool)"
APPROVE: Final = "approve(address,uint256)"
TRANSFER: Final = "transfer(address,uint256)"
DEADLINE: Final = "multicall(uint256,bytes[])"

TRANSFER_EVENT: Final = "Transfer(address,address,uint256)"
EXECUTION_SUCCESS: Final = "ExecutionSuccess(bytes32,uint256)"
EXECUTION_FAILURE: Final = "ExecutionFailure(bytes32,uint256)"
MODULE_SUCCESS: Final = "ExecutionFromModuleSuccess(address)"

ADMINISTRATION: Final = (
    "addOwnerWithThreshold(address,uint256)",
    "removeOwner(address,address,uint256)",
    "swapOwner(address,address,address)",
    "changeThreshold(uint256)",
    "enableModule(address)",
    "disableModule(address,address)",
    "setGuard(address)",
    "setModuleGuard(address)",
    "setFallbackHandler(address)",
    "setup(address[],uint256,address,bytes,address,address,uint256,address)",
)
"""What only a Safe itself may call of itself. Never part of a rebalance."""
