"""The policy of a back-test and what its assets are called.

Three forms of one file: the policy document alone; `{"policy": ..., "assets": [...]}`, where each
entry names an asset's `symbol` and, where they matter, its `decimals`; and the input of `manage.py
decide`, whose holdings name both. A column of prices may then carry the address or the symbol.
Whether units and gas of such an input make sense is not asked: the back-test does not use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import PolicyDocumentError, parse_policy
from treasury.core.revival import RevivalError, revive
from treasury.core.types import Address

DECIMALS = 18
DECIMALS_MAX = 77


@dataclass(frozen=True, slots=True)
class NamedAsset:
    asset: Address
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy, and by asset of it the symbol (may be empty) and the decimals (default 18)."""

    policy: TierPolicy
    symbols: Mapping[Address, str] = field(default_factory=dict)
    decimals: Mapping[Address, int] = field(default_factory=dict)

    def column_names(self) -> dict[str, Address]:
        """What a column of prices may be called: the address in lower case, or the symbol."""
        names = {target.asset.lower(): target.asset for target in self.policy.targets}
        return {**names, **{symbol: asset for asset, symbol in self.symbols.items() if symbol}}


def parse_policy_file(document: object) -> PolicyFile:
    """Any of the three forms; the first problem found is raised (`RevivalError`)."""
    if not isinstance(document, Mapping):
        message = f"expected an object, found {type(document).__name__}; write a policy document"
        raise RevivalError(pointer="", message=message)
    if "policy" not in document:
        return PolicyFile(policy=_policy(document, ""))
    policy = _policy(document["policy"], "/policy")
    named = list(_named(document))
    spelling = {target.asset.lower(): target.asset for target in policy.targets}
    symbols: dict[Address, str] = {}
    decimals: dict[Address, int] = {}
    for pointer, item in named:
        asset = spelling.get(item.asset.lower())
        if asset is None:
            continue
        if asset in decimals:
            raise RevivalError(pointer=f"{pointer}/asset", message="named twice; remove one")
        if item.symbol and item.symbol in symbols.values():
            message = f"{item.symbol!r} names two assets; tell them apart"
            raise RevivalError(pointer=f"{pointer}/symbol", message=message)
        if not 0 <= item.decimals <= DECIMALS_MAX:
            message = f"{item.decimals} is outside 0..{DECIMALS_MAX}; write the token's decimals"
            raise RevivalError(pointer=f"{pointer}/decimals", message=message)
        symbols[asset], decimals[asset] = item.symbol, item.decimals
    return PolicyFile(policy=policy, symbols=symbols, decimals=decimals)


def _policy(document: Any, pointer: str) -> TierPolicy:
    try:
        return parse_policy(document)
    except PolicyDocumentError as error:
        raise RevivalError(pointer=f"{pointer}{error.pointer}", message=error.message) from error


def _named(document: Mapping[str, Any]) -> Iterable[tuple[str, NamedAsset]]:
    """From `assets`, or from the holdings of an input of `decide`, each with its place."""
    place = "holdings" if "holdings" in document else "assets"
    if place == "assets":
        for name in document:
            if name not in {"policy", "assets"}:
                message = "unknown field; remove it or use one of: policy, assets"
                raise RevivalError(pointer=f"/{name}", message=message)
    items = document.get(place, [])
    if not isinstance(items, list):
        message = f"expected an array, found {type(items).__name__}"
        raise RevivalError(pointer=f"/{place}", message=message)
    for index, item in enumerate(items):
        pointer = f"/{place}/{index}"
        filled: Any = item
        if isinstance(item, Mapping):
            filled = {"symbol": "", "decimals": DECIMALS, **item}
            if place == "holdings":
                filled = {name: filled.get(name) for name in ("asset", "symbol", "decimals")}
        try:
            yield pointer, revive(NamedAsset, filled)
        except RevivalError as error:
            raise RevivalError(pointer=f"{pointer}{error.pointer}", message=error.message) from None
