"""Every venue keeps its protocol, on the real contracts: quote, be called, leave a readable
fill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from execution.adapters import ethereum
from execution.adapters.simulation import Trial, simulate
from execution.adapters.venues.base import NoQuoteError
from execution.adapters.venues.registry import VENUES, functions, read_deal
from execution.core import planning
from execution.core.abi import selector, to_address
from execution.core.conformity import NotAllowedError
from execution.core.contracts import APPROVE, TRANSFER
from execution.core.decoding import BatchDecoder
from execution.core.multisend import encode_multisend
from execution.core.types import FillFact, Leg, LegKind, Log, Market, Quote, QuoteRequest
from tests.conftest import Chain
from treasury.core.types import Address, BlockRef, CostEstimate

EVIL = to_address("0x" + "66" * 20)


@dataclass(frozen=True)
class Example:
    """A trade that the Safe named can afford."""

    market: Market
    safe: Address
    sell: Address
    buy: Address
    units: int
    kind: LegKind


def examples(deployment: Deployment) -> dict[str, list[Example]]:
    token = {name: Address(item.address) for name, item in deployment.tokens.items()}
    main, tier = Address(deployment.safes.main), Address(deployment.safes.yield_)
    vault = Address(deployment.vault.address)
    pool = Market("uniswap_v3", token["WETH"], token["USDC"], (("fee", "500"),))
    shares = Market("erc4626", vault, token["USDC"], (("vault", str(vault)),))
    inside = Market("transfer", token["USDC"], token["USDC"], (("recipient", str(tier)),))
    usdc, weth, thousand = token["USDC"], token["WETH"], 10**9
    return {
        "uniswap_v3": [
            Example(pool, main, usdc, weth, thousand, LegKind.SWAP),
            Example(pool, main, weth, usdc, 10**18, LegKind.SWAP),
        ],
        "erc4626": [
            Example(shares, tier, usdc, vault, thousand, LegKind.DEPOSIT),
            Example(shares, tier, vault, usdc, 10**deployment.vault.decimals, LegKind.WITHDRAW),
        ],
        "transfer": [Example(inside, main, usdc, usdc, thousand, LegKind.TRANSFER)],
    }


def every_example() -> list[tuple[str, int]]:
    return [(key, index) for key in VENUES for index in range({"transfer": 1}.get(key, 2))]


@pytest.mark.parametrize("key", VENUES)
def test_a_venue_is_registered_under_its_name_and_has_an_example(key: str) -> None:
    assert VENUES[key].key == key
    assert len(examples(ensure_chain().manifest)[key]) >= 1


@pytest.mark.parametrize(("key", "index"), every_example())
def test_a_quote_is_what_the_calls_bring(chain: Chain, key: str, index: int) -> None:
    example = examples(ensure_chain().manifest)[key][index]
    venue = VENUES[key]
    with ethereum.connect(chain.url) as rpc:
        block = rpc.block()
        request = QuoteRequest(example.sell, example.buy, example.units, example.safe)
        quote = venue.quote(rpc, request, example.market, block)
        assert quote.block == block
        assert quote.buy_units > 0
        assert quote.gas_units > 20_000
        leg = leg_of(key, example, quote, block)
        before = balance(chain, example.buy, leg.recipient)
        logs = run(chain, leg)
        fill = venue.fill(leg, logs)
        got = balance(chain, example.buy, leg.recipient) - before
    assert isinstance(fill, FillFact)
    assert (fill.sell_units, fill.buy_units) == (example.units, got)
    assert got >= quote.buy_units
    assert Decimal(got - quote.buy_units) <= Decimal(quote.buy_units) / 10_000
    assert venue.fill(leg, [log for log in logs if log.index > fill.log_index]) is None
    assert venue.fill(leg, []) is None


@pytest.mark.parametrize(("key", "index"), every_example())
def test_calls_are_known_to_the_decoder_and_approvals_are_exact(
    chain: Chain, key: str, index: int
) -> None:
    example = examples(ensure_chain().manifest)[key][index]
    with ethereum.connect(chain.url) as rpc:
        block = rpc.block()
        request = QuoteRequest(example.sell, example.buy, example.units, example.safe)
        leg = leg_of(key, example, VENUES[key].quote(rpc, request, example.market, block), block)
    known = {selector(spec.signature) for spec in functions()}
    known |= {selector(APPROVE), selector(TRANSFER)}
    assert all(call.data[:4] in known and call.value == 0 for call in leg.calls)
    approvals = [int.from_bytes(c.data[36:], "big") for c in leg.calls if c.purpose == "approve"]
    assert approvals in ([], [example.units, 0])


@pytest.mark.parametrize(("key", "index"), every_example())
def test_a_deal_reads_from_the_bytes_what_the_leg_says(chain: Chain, key: str, index: int) -> None:
    """And only where its market is allowed. `transfer` has no function of its own."""
    example = examples(ensure_chain().manifest)[key][index]
    with ethereum.connect(chain.url) as rpc:
        block = rpc.block()
        request = QuoteRequest(example.sell, example.buy, example.units, example.safe)
        leg = leg_of(key, example, VENUES[key].quote(rpc, request, example.market, block), block)
    own = {spec.signature for spec in VENUES[key].functions}
    decoder = BatchDecoder(functions(), main_safe=EVIL, tier_safes=frozenset())
    batch = encode_multisend(planning.batch((leg,), leg_deadline(block), "11" * 32))
    calls = [call for call in decoder.batch(batch, nests=False).calls if call.function in own]
    assert len(calls) == len(own & {call.function for call in calls})
    for call in calls:
        deal = read_deal(call, [example.market])
        assert deal is not None
        assert (deal.sell, deal.buy, deal.sell_units) == (leg.sell, leg.buy, leg.sell_units)
        assert set(deal.recipients) == {example.safe}
        assert deal.min_buy_units in (None, leg.min_buy_units)
        assert deal.deadline in (None, leg_deadline(block))
        spenders = {spender for spender, _ in planning.approvals(leg)}
        assert spenders == ({deal.spender} if deal.spender else set())
        with pytest.raises(NotAllowedError):
            read_deal(call, [])


@pytest.mark.parametrize("key", VENUES)
def test_a_venue_that_does_not_trade_this_says_so(chain: Chain, key: str) -> None:
    deployment = ensure_chain().manifest
    example = examples(deployment)[key][0]
    nothing = Address(deployment.contracts.swap_router)
    absurd = QuoteRequest(nothing, nothing, 10**30, example.safe)
    with (
        ethereum.connect(chain.url) as rpc,
        pytest.raises((NoQuoteError, ethereum.CallFailedError)),
    ):
        VENUES[key].quote(rpc, absurd, example.market, rpc.block())


# ------------------------------------------------------------------------------------ running
def leg_of(key: str, example: Example, quote: Quote, block: BlockRef) -> Leg:
    venue = VENUES[key]
    recipient = venue.recipient(example.market, example.safe)
    assert venue.kind(example.market, example.sell) is example.kind
    return Leg(
        index=0,
        kind=example.kind,
        venue=key,
        safe=example.safe,
        recipient=recipient,
        sell=example.sell,
        buy=example.buy,
        sell_units=example.units,
        expected_buy_units=quote.buy_units,
        min_buy_units=quote.buy_units,
        value_usd=Decimal(1),
        cost=CostEstimate(),
        calls=venue.calls(
            quote,
            recipient=recipient,
            min_buy_units=quote.buy_units,
            deadline=leg_deadline(block),
        ),
    )


def leg_deadline(block: BlockRef) -> int:
    return block.timestamp + 600


def run(chain: Chain, leg: Leg) -> list[Log]:
    """The calls one by one, sent by the Safe itself; all their logs in one row."""
    chain.rpc("anvil_setBalance", leg.safe, hex(10**18))
    chain.rpc("anvil_impersonateAccount", leg.safe)
    logs: list[Log] = []
    with ethereum.connect(chain.url) as rpc:
        for call in leg.calls:
            sent = rpc.call(
                "eth_sendTransaction",
                {"from": leg.safe, "to": call.to, "data": "0x" + call.data.hex()},
            )
            rpc.call("evm_mine")
            (receipt,) = ethereum.receipts(rpc, [sent])
            assert receipt.status == 1
            offset = len(logs)
            logs += [
                Log(offset + position, log.address, log.topics, log.data)
                for position, log in enumerate(receipt.logs)
            ]
    return logs


def balance(chain: Chain, asset: Address, holder: Address) -> int:
    with ethereum.connect(chain.url) as rpc:
        return ethereum.balances(rpc, [(holder, asset)], None)[holder, asset]


def test_a_simulation_of_the_calls_moves_what_the_quote_says(chain: Chain) -> None:
    """The first call alone, simulated: approvals move nothing, and nothing is written."""
    example = examples(ensure_chain().manifest)["transfer"][0]
    with ethereum.connect(chain.url) as rpc:
        block = rpc.block()
        request = QuoteRequest(example.sell, example.buy, example.units, example.safe)
        quote = VENUES["transfer"].quote(rpc, request, example.market, block)
        leg = leg_of("transfer", example, quote, block)
        watch = ((example.safe, example.sell), (leg.recipient, example.sell))
        trial = Trial(example.safe, leg.calls[0].to, leg.calls[0].data, watch)
        result = simulate(rpc, trial, block)
        again = simulate(rpc, trial, block)
    assert result.simulation.ok
    assert {change.units for change in result.simulation.changes} == {-(10**9), 10**9}
    assert again == result
