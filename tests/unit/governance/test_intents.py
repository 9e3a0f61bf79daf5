"""The intent key names one evaluation and nothing else."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from governance.core.intents import intent_key

TEXT = st.text(max_size=40)


def test_vector() -> None:
    key = intent_key(tier="t/core", policy_hash="ab", trigger="THRESHOLD", block_hash="0xFF")
    written = b'{"block_hash":"0xff","policy_hash":"ab","tier":"t/core","trigger":"THRESHOLD"}'
    assert key == sha256(written).hexdigest()
    assert key == intent_key(
        tier="t/core", policy_hash="ab", trigger="THRESHOLD", block_hash="0xff"
    )


@given(st.tuples(TEXT, TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT, TEXT))
def test_other_facts_other_key(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    keys = [
        intent_key(tier=tier, policy_hash=policy, trigger=trigger, block_hash=block)
        for tier, policy, trigger, block in (one, other)
    ]
    same = (*one[:3], one[3].lower()) == (*other[:3], other[3].lower())
    assert (keys[0] == keys[1]) == same
