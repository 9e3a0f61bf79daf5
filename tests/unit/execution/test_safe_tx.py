"""The EIP-712 hash against the published algorithm of another library; signatures and
calibration."""

from __future__ import annotations

from decimal import Decimal

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from execution.adapters.roles import accrued
from execution.adapters.safe import CURVE_ORDER, low_s
from execution.adapters.signer import LOCAL_CHAIN_ID, LocalSigner, SignerError, is_public_key
from execution.core.calibration import HIGHEST, LOWEST, CostSample, calibrate
from execution.core.contracts import ZERO
from execution.core.safe_tx import preimage, safe_tx_hash
from execution.core.types import Operation, SafeTxFields
from tests.unit.execution.examples import addresses, units

fields_of = st.builds(
    SafeTxFields,
    chain_id=st.integers(1, 2**53),
    safe=addresses,
    to=addresses,
    value=units,
    data=st.binary(max_size=100),
    operation=st.sampled_from(Operation),
    nonce=st.integers(0, 2**64),
)
TYPES = {
    "SafeTx": [
        {"type": kind, "name": name}
        for kind, name in (
            ("address", "to"),
            ("uint256", "value"),
            ("bytes", "data"),
            ("uint8", "operation"),
            ("uint256", "safeTxGas"),
            ("uint256", "baseGas"),
            ("uint256", "gasPrice"),
            ("address", "gasToken"),
            ("address", "refundReceiver"),
            ("uint256", "nonce"),
        )
    ]
}


@given(fields_of)
def test_the_hash_is_the_eip_712_hash_of_the_ten_fields(fields: SafeTxFields) -> None:
    message = {
        "to": fields.to,
        "value": fields.value,
        "data": fields.data,
        "operation": int(fields.operation),
        "safeTxGas": 0,
        "baseGas": 0,
        "gasPrice": 0,
        "gasToken": ZERO,
        "refundReceiver": ZERO,
        "nonce": fields.nonce,
    }
    domain = {"chainId": fields.chain_id, "verifyingContract": fields.safe}
    signable = encode_typed_data(domain, TYPES, message)
    assert preimage(fields) == b"\x19\x01" + signable.header + signable.body
    assert safe_tx_hash(fields) == "0x" + keccak(preimage(fields)).hex()


@given(st.binary(min_size=32, max_size=32))
def test_both_twins_of_a_signature_become_one_with_the_same_signer(digest: bytes) -> None:
    account = Account.from_key(b"\x01" * 32)
    good = bytes(account.unsafe_sign_hash(digest).signature)
    s = CURVE_ORDER - int.from_bytes(good[32:64], "big")
    twin = good[:32] + s.to_bytes(32, "big") + bytes([55 - good[64]])
    assert low_s(twin) == low_s(good) == good


def test_published_keys_sign_on_the_local_chain_only() -> None:
    known = keccak(b"ballast local chain executor")
    assert is_public_key(known)
    assert LocalSigner(known, chain_id=LOCAL_CHAIN_ID).address
    for chain_id in (1, 10, 11155111):
        with pytest.raises(SignerError) as refused:
            LocalSigner(known, chain_id=chain_id)
        assert known.hex() not in str(refused.value)
    assert LocalSigner(b"\x07" * 32, chain_id=1).address


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 1000),
    st.integers(0, 10**5),
)
def test_refill_in_whole_periods_up_to_the_ceiling(
    balance: int, refill: int, ceiling: int, period: int, elapsed: int
) -> None:
    left = accrued(
        balance=balance, refill=refill, ceiling=ceiling, period=period, since=50, now=50 + elapsed
    )
    slow = balance
    for _ in range(elapsed // period if balance < ceiling else 0):
        slow = min(slow + refill, ceiling)
        if slow == ceiling:
            break
    assert left == (slow if elapsed >= period else balance)


def test_calibration_weighs_by_cost_and_is_clipped() -> None:
    def sample(venue: str, estimated: int, actual: int) -> CostSample:
        return CostSample(venue, Decimal(estimated), Decimal(actual))

    rows = [sample("a", 10, 20), sample("a", 30, 30), sample("b", 1, 100), sample("c", 100, 1)]
    found = {line.venue: line for line in calibrate(rows, minimum_count=1)}
    assert (found["a"].ratio, found["a"].factor) == (Decimal("1.25"), Decimal("1.25"))
    assert (found["b"].factor, found["c"].factor) == (HIGHEST, LOWEST)
    few = {line.venue: line for line in calibrate(rows, minimum_count=2)}
    assert (few["b"].factor, few["b"].ratio) == (Decimal(1), Decimal(100))
    (nothing,) = calibrate([sample("d", 0, 5)], minimum_count=1)
    assert nothing.ratio is None
    assert nothing.factor == 1
