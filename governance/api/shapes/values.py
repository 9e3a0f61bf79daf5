"""Money, time and blocks as governance's answers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

from rest_framework import serializers

from treasury.core.types import BlockRef


class AsOf(TypedDict):
    block_number: int
    block_hash: str
    timestamp: str


class MoneyField(serializers.DecimalField):
    """USD as a decimal string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=38, decimal_places=8, **kwargs)


class BlockTimeField(serializers.DateTimeField):
    """Unix seconds of a block as RFC 3339."""

    def to_representation(self, value: Any) -> str:
        return block_time(int(value))


def block_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_of(block: BlockRef) -> AsOf:
    return {
        "block_number": block.number,
        "block_hash": block.hash,
        "timestamp": block_time(block.timestamp),
    }
