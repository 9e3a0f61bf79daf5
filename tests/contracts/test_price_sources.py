"""Every kind of price source keeps the protocol: it says what it needs, survives any answer, and
stands in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from treasury.adapters.prices.base import (
    PriceParametersError,
    PriceSourceReader,
    ReadingContext,
    SourceSpec,
)
from treasury.adapters.prices.registry import READERS, reader_of
from treasury.core.types import Address, BlockRef

WETH = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
USDC = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
POOL = Address("0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640")
BLOCK = BlockRef(1, "0x" + "00" * 32, 1_767_600_000)

# One valid set of parameters per kind; a new kind adds its own.
PARAMETERS: dict[str, dict[str, Any]] = {
    "chainlink": {"feed": POOL, "decimals": 8, "description": "WETH / USD"},
    "uniswap_v3_twap": {"pool": POOL, "quote": USDC},
    "erc4626": {"vault": POOL, "underlying": USDC, "share_decimals": 18},
    "http_json": {"url": "http://127.0.0.1:1/price", "id": "ethereum"},
    "manual": {"price_usd": "3000", "expires_at": 1_767_700_000},
}
WRONG: tuple[Any, ...] = (None, 1.5, [], "", -1, True)
HOSTILE = (None, b"", b"\0" * 31, b"\0" * 32, b"\xff" * 32, b"\xff" * 320, b"\0" * 320)


@pytest.fixture(params=sorted(READERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(kind: str) -> PriceSourceReader:
    return reader_of(kind)


@pytest.fixture
def spec(kind: str) -> SourceSpec:
    return SourceSpec(
        name="one",
        kind=kind,
        asset=WETH,
        parameters=PARAMETERS[kind],
        upstream="somebody",
        heartbeat_seconds=60,
    )


def contexts(reader: PriceSourceReader, spec: SourceSpec) -> Iterator[ReadingContext]:
    for answer in HOSTILE:
        yield ReadingContext(
            block=BLOCK,
            decimals={WETH: 18, USDC: 6},
            answers=(answer,) * len(reader.calls(spec)),
            quote_price_usd=None,
        )


def test_every_kind_has_an_example() -> None:
    assert PARAMETERS.keys() == READERS.keys()


def test_valid_parameters_pass(reader: PriceSourceReader, spec: SourceSpec) -> None:
    reader.check(spec.parameters)


def test_each_missing_parameter_is_named(reader: PriceSourceReader, spec: SourceSpec) -> None:
    for name in spec.parameters:
        rest = {key: value for key, value in spec.parameters.items() if key != name}
        with pytest.raises(PriceParametersError) as error:
            reader.check(rest)
        assert error.value.parameter == name


def test_each_wrong_parameter_is_named(reader: PriceSourceReader, spec: SourceSpec) -> None:
    for name in spec.parameters:
        for wrong in WRONG:
            with pytest.raises(PriceParametersError) as error:
                reader.check({**spec.parameters, name: wrong})
            assert error.value.parameter == name


def test_an_unknown_parameter_is_named(reader: PriceSourceReader, spec: SourceSpec) -> None:
    with pytest.raises(PriceParametersError) as error:
        reader.check({**spec.parameters, "colour": "red"})
    assert error.value.parameter == "colour"


def test_calls_are_stable_and_need_no_context(reader: PriceSourceReader, spec: SourceSpec) -> None:
    assert reader.calls(spec) == reader.calls(spec)
    if reader.on_chain:
        assert reader.calls(spec)


def test_hostile_answers_give_a_reading_without_a_usable_price(
    reader: PriceSourceReader, spec: SourceSpec
) -> None:
    for context in contexts(reader, spec):
        found = reader.read(spec, context)
        assert (found.source, found.kind) == (spec.name, spec.kind)
        assert (found.upstream, found.heartbeat_seconds) == ("somebody", 60)
        assert found.on_chain is reader.on_chain
        if reader.on_chain:
            assert found.price_usd is None or found.price_usd <= 0
            assert found.price_usd is not None or found.error


def test_a_source_that_leans_on_an_asset_fails_without_its_price(
    reader: PriceSourceReader, spec: SourceSpec
) -> None:
    if reader.leans_on(spec) is None:
        return
    assert reader.leans_on(replace(spec, name="two")) == USDC
    for context in contexts(reader, spec):
        assert reader.read(spec, context).price_usd is None


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PriceParametersError, match="chainlink"):
        reader_of("astrology")
