"""What a wallet is asked to sign, against an independent encoder of EIP-712."""

from __future__ import annotations

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from execution.adapters.safe import message_for_owner
from execution.core.safe_tx import preimage, safe_tx_hash
from execution.core.signing.typed_data import SafeMessage, of_safe_message, of_safe_tx
from execution.core.types import Operation, SafeTxFields
from treasury.core.types import Address

SAFE = Address("0x9641d764fc13c8B624c04430C7356C1C7C8102e2")
OWNER = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
FIELDS = SafeTxFields(1, SAFE, OWNER, 5, b"\x01\x02", Operation.CALL, 7)
WORD = st.integers(min_value=0, max_value=2**256 - 1)


def hashed(typed_data: dict[str, object]) -> str:
    found = encode_typed_data(full_message=typed_data)
    return "0x" + keccak(b"\x19" + found.version + found.header + found.body).hex()


@given(value=WORD, nonce=WORD, data=st.binary(max_size=200), chain_id=st.integers(1, 2**64))
def test_safe_tx__any_fields__hash_as_an_independent_encoder_says(
    value: int, nonce: int, data: bytes, chain_id: int
) -> None:
    fields = SafeTxFields(chain_id, SAFE, OWNER, value, data, Operation.DELEGATECALL, nonce)
    assert hashed(of_safe_tx(fields)) == safe_tx_hash(fields)


@given(message=st.binary(max_size=200))
def test_safe_message__any_bytes__hash_as_an_independent_encoder_says(message: bytes) -> None:
    value = SafeMessage(31337, OWNER, message)
    assert hashed(of_safe_message(value)) == value.digest


@pytest.mark.parametrize("version", ["1.3.0", "1.4.1", "1.4.1+L2"])
def test_message_for_owner__below_1_5__is_the_preimage(version: str) -> None:
    assert message_for_owner(FIELDS, OWNER, version).message == preimage(FIELDS)


@pytest.mark.parametrize("version", ["1.5.0", "1.5.0+L2"])
def test_message_for_owner__from_1_5_on__is_the_hash(version: str) -> None:
    found = message_for_owner(FIELDS, OWNER, version).message
    assert "0x" + found.hex() == safe_tx_hash(FIELDS)
