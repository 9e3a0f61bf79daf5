"""The best way of a trade over the allowed Uniswap v3 pools: fee tiers, two hops, and splits.

The exact maths finds it, from pool states read once for all trades; QuoterV2 is asked about every
way and every part in one batch at the same block, and has the last word: a way about which they
differ by one unit is not used. Not done: two trades of one decision that share a pool are quoted
as if each came first; the simulation of the whole batch judges that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from execution.adapters.pools import PoolKey, read_pools
from execution.adapters.venues.base import NoQuoteError, Ways, Wish
from execution.adapters.venues.uniswap_v3 import KEY, answered, named, question, unanswered
from execution.core.contracts import QUOTER_V2
from execution.core.pools.paths import Path, find_paths, impact_bps, trade
from execution.core.pools.splitting import Part, best_parts
from execution.core.pools.uniswap_v3 import BeyondKnownError, PoolState
from execution.core.types import Market, Quote, QuoteRequest
from treasury.adapters.rpc import Request, Rpc, RpcError, block_tag
from treasury.core.types import BlockRef

Asked = tuple[Path, int]
"""A way and how much is sold along it."""


@dataclass(slots=True)
class _Search:
    """One wish on its way to an answer."""

    wish: Wish
    paths: list[Path]
    reasons: list[str]

    def parts(self) -> tuple[Part, ...]:
        return best_parts(self.paths, self.wish.request.sell_units, self.wish.terms)


class UniswapV3Routes:
    def find(
        self, rpc: Rpc, wishes: Sequence[Wish], markets: Sequence[Market], block: BlockRef
    ) -> tuple[Ways, ...]:
        known = {_key(market): market for market in markets if market.venue == KEY}
        states = read_pools(rpc, _reachable(wishes, known), block)
        desk = _Desk(rpc, known, block)
        searches = [_search(wish, list(states.values())) for wish in wishes]
        desk.ask(searches)
        return tuple(desk.answer(search) for search in searches)


def _key(market: Market) -> PoolKey:
    return PoolKey.of(market.base, market.quote, int(market.parameter("fee")))


def _reachable(wishes: Sequence[Wish], known: Mapping[PoolKey, Market]) -> list[PoolKey]:
    """Pools that some wish may come by."""
    found: dict[PoolKey, None] = {}
    for wish in wishes:
        ends = {wish.request.sell, wish.request.buy}
        for key in known:
            pair = {key.token0, key.token1}
            if pair == ends or (wish.most_hops > 1 and pair & ends):
                found[key] = None
    return list(found)


def _search(wish: Wish, pools: list[PoolState]) -> _Search:
    """The paths that take the whole wish by the exact maths."""
    request, search = wish.request, _Search(wish, [], [])
    for path in find_paths(pools, request.sell, request.buy, max_hops=wish.most_hops):
        try:
            trade(path, request.sell_units)
        except BeyondKnownError as refused:
            search.reasons.append(f"{KEY}: {refused}")
        else:
            search.paths.append(path)
    if not (search.paths or search.reasons):
        search.reasons.append(f"{KEY}: no pool of the pair answers")
    return search


class _Desk:
    """QuoterV2's answers of one block, kept so that nothing is asked twice."""

    def __init__(self, rpc: Rpc, known: Mapping[PoolKey, Market], block: BlockRef) -> None:
        self._rpc, self._known, self._block = rpc, known, block
        self._answers: dict[Asked, Quote | str] = {}

    def ask(self, searches: Sequence[_Search]) -> None:
        """Every way for the whole, and the parts that the maths would choose, in one batch."""
        wanted: dict[Asked, QuoteRequest] = {}
        for search in searches:
            request = search.wish.request
            shares = [(part.path, part.outcome.sell_units) for part in search.parts()]
            for asked in (*((path, request.sell_units) for path in search.paths), *shares):
                if asked not in self._answers:
                    wanted[asked] = replace(request, sell_units=asked[1])
        blanks = {asked: self._blank(asked, request) for asked, request in wanted.items()}
        raws = self._call([question(blank) for blank in blanks.values()])
        for (asked, blank), raw in zip(blanks.items(), raws, strict=True):
            self._answers[asked] = self._judged(asked, blank, raw)

    def answer(self, search: _Search) -> Ways:
        """What the maths chooses of the ways that the quoter confirms to the unit."""
        while True:
            parts = search.parts()
            asked = [(part.path, part.outcome.sell_units) for part in parts]
            if any(item not in self._answers for item in asked):
                self.ask([search])
            told = [self._answers[item] for item in asked]
            refused = {
                path for (path, _), said in zip(asked, told, strict=True) if isinstance(said, str)
            }
            if not refused:
                break
            search.reasons += [said for said in told if isinstance(said, str)]
            search.paths = [path for path in search.paths if path not in refused]
        chosen = tuple(said for said in told if isinstance(said, Quote))
        whole = [self._answers[path, search.wish.request.sell_units] for path in search.paths]
        alone = set(asked) if len(asked) == 1 else set()
        others = tuple(
            said
            for path, said in zip(search.paths, whole, strict=True)
            if isinstance(said, Quote) and (path, search.wish.request.sell_units) not in alone
        )
        return Ways(_numbered(chosen), others, tuple(search.reasons))

    def _blank(self, asked: Asked, request: QuoteRequest) -> Quote:
        path, _ = asked
        markets = [self._known[PoolKey(pool.token0, pool.token1, pool.fee)] for pool in path.pools]
        return unanswered(request, markets, self._block)

    def _judged(self, asked: Asked, blank: Quote, raw: bytes | str) -> Quote | str:
        path, units = asked
        if isinstance(raw, str):
            return f"{KEY}: {named(blank)}: {raw}"
        try:
            quote = answered(blank, raw)
        except NoQuoteError as refused:
            return f"{KEY}: {refused}"
        outcome = trade(path, units)
        if quote.buy_units != outcome.buy_units:
            return (
                f"{KEY}: {named(quote)}: the exact maths say {outcome.buy_units} units, "
                f"the pool's own quoter {quote.buy_units}"
            )
        impact = impact_bps(path, outcome)
        return replace(
            quote, impact_bps=impact, detail=(*quote.detail, ("impact_bps", str(impact)))
        )

    def _call(self, questions: Sequence[bytes]) -> list[bytes | str]:
        """Return data or the refusal. A batch in which one call reverts is asked one by one."""
        requests = [
            Request("eth_call", ({"to": QUOTER_V2, "data": "0x" + q.hex()}, block_tag(self._block)))
            for q in questions
        ]
        try:
            return [bytes.fromhex(raw[2:]) for raw in self._rpc.batch(requests)]
        except RpcError:
            return [self._call_alone(data) for data in questions]

    def _call_alone(self, data: bytes) -> bytes | str:
        try:
            return self._rpc.eth_call(QUOTER_V2, data, block=self._block)
        except RpcError as refused:
            return str(refused)


def _numbered(parts: tuple[Quote, ...]) -> tuple[Quote, ...]:
    if len(parts) < 2:
        return parts
    return tuple(
        replace(part, detail=(*part.detail, ("part", f"{number} of {len(parts)}")))
        for number, part in enumerate(parts, start=1)
    )
