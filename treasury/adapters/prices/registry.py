"""Every kind of price source. A new one is a file beside this one and a line here."""

from __future__ import annotations

from treasury.adapters.prices.base import PriceParametersError, PriceSourceReader
from treasury.adapters.prices.chainlink import ChainlinkReader
from treasury.adapters.prices.erc4626 import Erc4626Reader
from treasury.adapters.prices.http_json import HttpJsonReader
from treasury.adapters.prices.manual import ManualReader
from treasury.adapters.prices.uniswap_v3_twap import UniswapV3TwapReader

READERS: dict[str, PriceSourceReader] = {
    "chainlink": ChainlinkReader(),
    "uniswap_v3_twap": UniswapV3TwapReader(),
    "erc4626": Erc4626Reader(),
    "http_json": HttpJsonReader(),
    "manual": ManualReader(),
}


def reader_of(kind: str) -> PriceSourceReader:
    if kind not in READERS:
        raise PriceParametersError("kind", f"{kind!r} is not one of: {', '.join(READERS)}")
    return READERS[kind]
