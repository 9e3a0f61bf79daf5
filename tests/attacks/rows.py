"""Section 13 of the reliability reference as data: which attack is tried at which entry points.

A: REST API. D: a change in the database. I: import or a pasted signature. V: the offline verifiers.
Ids in a range count one by one.
"""

from __future__ import annotations

FIELDS = (
    *("to", "value", "data", "operation", "safeTxGas", "baseGas"),
    *("gasPrice", "gasToken", "refundReceiver", "nonce"),
)
ATTACKS: dict[str, tuple[str, str]] = {
    **{f"ATK-{n}": ("DIV", f"`{name}` changed") for n, name in enumerate(FIELDS, 1)},
    "ATK-11": ("DIV", "inner delegatecall"),
    "ATK-12": ("DIV", "extra inner call"),
    "ATK-13": ("DIV", "plain MultiSend"),
    "ATK-14": ("DIV", "recipient swapped"),
    "ATK-15": ("DIV", "minimum out 0"),
    "ATK-16": ("DIV", "deadline without end, or leg removed"),
    "ATK-17": ("DIV", "unlimited approve"),
    "ATK-18": ("DIV", "approve to another spender"),
    "ATK-19": ("DIV", "unknown function, odd nesting, odd frame"),
    "ATK-20": ("DIV", "trailing bytes"),
    "ATK-21": ("DIV", "`addOwnerWithThreshold`"),
    "ATK-22": ("DIV", "`changeThreshold`"),
    "ATK-23": ("DIV", "`enableModule`"),
    "ATK-24": ("DIV", "`setGuard`"),
    "ATK-25": ("DIV", "`setFallbackHandler`"),
    "ATK-26": ("DIV", "slot-0 delegatecall"),
    "ATK-27": ("AI", "owner's signature over another hash"),
    "ATK-28": ("ADI", "signature of a non-owner"),
    "ATK-29": ("ADI", "same owner twice"),
    "ATK-30": ("ADI", "high-s twin"),
    "ATK-31": ("AI", "eth_sign with a wrong v"),
    "ATK-32": ("AI", "signature for another chain"),
    "ATK-33": ("D", "policy edited in place"),
    "ATK-34": ("AD", "author approves own policy or proposal"),
    "ATK-35": ("D", "halt closed by SQL"),
    "ATK-36": ("DV", "policy hash of a proposal replaced"),
    "ATK-37": ("DV", "audit row edited"),
    "ATK-38": ("DV", "audit row deleted"),
    "ATK-39": ("DV", "audit tail cut"),
    "ATK-40": ("DV", "audit chain rewritten"),
}
PAIRS = tuple((name, entry) for name, (entries, _) in ATTACKS.items() for entry in entries)
