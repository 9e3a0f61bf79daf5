"""The public infrastructure: Safe, tokens, Uniswap v3, Zodiac, price feeds, vault."""

from __future__ import annotations

from math import isqrt
from typing import Final

from eth_typing import ChecksumAddress

from config.local.chain.accounts import address_of
from config.local.chain.builder import addresses as at
from config.local.chain.builder.session import ChainBuildError, Session
from config.local.chain.deployment import Pool, Token, Vault
from config.local.chain.rpc import encode_call, unhexed

GENESIS_PRICES_USD: Final[dict[str, int]] = {"WETH": 3_000, "WBTC": 60_000, "USDC": 1, "DAI": 1}
FEED_DECIMALS: Final = 8
MARKET_STOCK_USD: Final = 2_000_000_000  # of each token: the arbitrageur never runs dry
OBSERVATION_SLOTS: Final = 240  # one per block: 30 min of 12 s blocks need 150
MAX_TICK: Final = 887_272
MAX_UINT256: Final = 2**256 - 1

# Liquidity of each pool: (USD on each side, half width in ticks or None for all prices).
# 6,931 ticks are a factor of two, 100 ticks are one per cent.
LIQUIDITY: Final[dict[tuple[str, str, int], tuple[tuple[int, int | None], ...]]] = {
    ("WETH", "USDC", 500): ((30_000_000, None), (30_000_000, 6_931)),
    ("WBTC", "WETH", 3000): ((20_000_000, None), (20_000_000, 6_931)),
    ("WBTC", "USDC", 3000): ((30_000_000, None), (30_000_000, 6_931)),
    ("DAI", "USDC", 100): ((5_000_000, None), (20_000_000, 100)),
}
# Beside them: other fee tiers and another way round, each with several ranges of ticks.
SIDE_LIQUIDITY: Final[dict[tuple[str, str, int], tuple[tuple[int, int | None], ...]]] = {
    ("WETH", "USDC", 3000): (
        (10_000_000, None),
        (10_000_000, 6_931),
        (5_000_000, 1_500),
        (3_000_000, 600),
    ),
    ("WETH", "USDC", 10000): ((1_000_000, None), (2_000_000, 3_000), (1_000_000, 800)),
    ("WBTC", "WETH", 500): ((20_000_000, None), (20_000_000, 6_931), (5_000_000, 900)),
    ("DAI", "WETH", 500): ((10_000_000, None), (5_000_000, 2_000), (2_000_000, 300)),
}
_MINT: Final = (
    "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
)
TICK_SPACING: Final = {100: 1, 500: 10, 3000: 60, 10000: 200}
VAULT_DEPOSIT_USDC: Final = 2_000_000  # of a third party


def deploy_safe(session: Session) -> None:
    # The Safe singleton factory behaves like the one anvil brings along: its code is copied.
    session.set_code(at.SAFE_FACTORY, session.code(at.ARACHNID))
    for name, address in at.SAFE_141.items():
        session.create2(at.SAFE_FACTORY, name, address)


def deploy_zodiac(session: Session) -> None:
    session.send("deployer", at.ERC2470_SENDER, b"", value=10**18, what="fund ERC-2470")
    session.rpc("eth_sendRawTransaction", session.artefacts["ERC2470 transaction"].code)
    session.send("deployer", at.ERC2470_SENDER, b"", value=1, what="create ERC-2470")
    session.require_code(at.ERC2470, "ERC-2470")
    session.create_erc2470("Integrity", at.ZODIAC["Integrity"])
    # The mastercopy links a build of Packer that no package carries: ours goes to that address.
    packer = session.create_erc2470("Packer")
    session.set_code(at.ROLES_LINKED_PACKER, session.code(packer))
    for name in ("RolesV2", "ModuleProxyFactory", "MultiSendUnwrapper"):
        session.create_erc2470(name, at.ZODIAC[name])


def deploy_tokens(session: Session) -> dict[str, Token]:
    session.create_historic("Multicall3")
    session.create_historic("WETH9")
    tokens = {"WETH": Token("WETH", at.WETH, 18)}
    for symbol, (name, address, decimals) in at.TOKENS.items():
        template = session.create(
            "TestToken", ("string", "string", "uint8"), (name, symbol, decimals)
        )
        _place(session, template, address)
        tokens[symbol] = Token(symbol, address, decimals)
    return tokens


def _place(session: Session, template: str, address: str) -> None:
    """Put a token at a given address: runtime code with its immutables, and the few slots that its
    constructor wrote."""
    session.set_code(address, session.code(template))
    for slot in range(8):
        value = session.rpc("eth_getStorageAt", template, hex(slot), "latest")
        if any(unhexed(value)):
            session.rpc("anvil_setStorageAt", address, "0x" + f"{slot:064x}", value)


def mint(session: Session, token: Token, to: str, units: int) -> None:
    """New tokens; WETH is wrapped and sent instead."""
    if token.symbol == "WETH":
        session.call("deployer", token.address, "deposit()", value=units)
        session.call("deployer", token.address, "transfer(address,uint256)", to, units)
    else:
        session.call("deployer", token.address, "mint(address,uint256)", to, units)


def deploy_feeds(session: Session) -> dict[str, ChecksumAddress]:
    types = ("uint8", "string", "int256", "address")
    keeper = address_of("market")
    return {
        symbol: session.create(
            "PriceFeed",
            types,
            (FEED_DECIMALS, f"{symbol} / USD", usd * 10**FEED_DECIMALS, keeper),
        )
        for symbol, usd in GENESIS_PRICES_USD.items()
    }


def deploy_uniswap(session: Session) -> None:
    weth, factory = at.WETH, at.V3_FACTORY
    pair = ("address", "address")
    session.create_historic("UniswapV3Factory")
    session.create_historic("TickLens")
    session.create_historic("SwapRouter", pair, (factory, weth))
    library = session.create_historic("NFTDescriptor")
    descriptor = session.create_historic(
        "NonfungibleTokenPositionDescriptor",
        ("address", "bytes32"),
        (weth, b"ETH".ljust(32, b"\0")),
        {"NFTDescriptor": library},
    )
    positions = session.create_historic(
        "NonfungiblePositionManager", (*pair, "address"), (factory, weth, descriptor)
    )
    session.create_historic("QuoterV2", pair, (factory, weth))
    session.create_historic(
        "SwapRouter02", (*pair, *pair), (at.UNISWAP_V2_FACTORY, factory, positions, weth)
    )
    # On mainnet the factory's owner added the 0.01 % tier after launch.
    enable = encode_call("enableFeeAmount(uint24,int24)", 100, 1)
    session.send_as(at.UNISWAP_V3_OWNER, factory, enable, "enable the 0.01 % fee")


def stock_market(session: Session, tokens: dict[str, Token]) -> None:
    """The market account holds plenty of each; router and position manager may take it."""
    market = address_of("market")
    for symbol, token in tokens.items():
        mint(session, token, market, token.units(MARKET_STOCK_USD // GENESIS_PRICES_USD[symbol]))
        for spender in (at.SWAP_ROUTER, at.POSITION_MANAGER):
            session.call("market", token.address, "approve(address,uint256)", spender, MAX_UINT256)


def create_pools(session: Session, tokens: dict[str, Token]) -> tuple[Pool, ...]:
    return tuple(_create_pool(session, tokens, *item) for item in LIQUIDITY.items())


def create_side_pools(session: Session, tokens: dict[str, Token]) -> tuple[Pool, ...]:
    return tuple(_create_pool(session, tokens, *item) for item in SIDE_LIQUIDITY.items())


def _create_pool(
    session: Session,
    tokens: dict[str, Token],
    key: tuple[str, str, int],
    ranges: tuple[tuple[int, int | None], ...],
) -> Pool:
    fee = key[2]
    first, second = sorted((tokens[symbol] for symbol in key[:2]), key=lambda t: int(t.address, 16))
    # What a million dollars buy of each.
    amounts = [t.units(10**6) // GENESIS_PRICES_USD[t.symbol] for t in (first, second)]
    session.call(
        "market",
        at.POSITION_MANAGER,
        "createAndInitializePoolIfNecessary(address,address,uint24,uint160)",
        first.address,
        second.address,
        fee,
        isqrt((amounts[1] << 192) // amounts[0]),
    )
    address = session.rpc.read_address(
        at.V3_FACTORY, "getPool(address,address,uint24)", first.address, second.address, fee
    )
    if address != at.V3_POOLS[key]:
        raise ChainBuildError(f"pool {key} landed on {address}")
    slots = "increaseObservationCardinalityNext(uint16)"
    session.call("market", address, slots, OBSERVATION_SLOTS)
    returns = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
    tick = int(session.rpc.read(address, "slot0()", returns=returns)[1])
    for usd, half_width in ranges:
        _add_liquidity(session, (first, second), fee, tick, usd, half_width)
    return Pool(first.symbol, second.symbol, fee, address)


def _add_liquidity(
    session: Session,
    pair: tuple[Token, Token],
    fee: int,
    tick: int,
    usd: int,
    half_width: int | None,
) -> None:
    spacing = TICK_SPACING[fee]
    limit = MAX_TICK // spacing * spacing
    centre = tick // spacing * spacing
    width = limit if half_width is None else half_width // spacing * spacing
    low, high = max(-limit, centre - width), min(limit, centre + width)
    amounts = [token.units(usd) // GENESIS_PRICES_USD[token.symbol] for token in pair]
    session.call(
        "market",
        at.POSITION_MANAGER,
        _MINT,
        (
            *(token.address for token in pair),
            fee,
            -limit if half_width is None else low,
            limit if half_width is None else high,
            *amounts,
            0,
            0,
            address_of("market"),
            session.now + 3600,
        ),
    )


def deploy_vault(session: Session, tokens: dict[str, Token]) -> Vault:
    """The vault with the savings of a third party in it."""
    usdc, holder = tokens["USDC"], address_of("stranger")
    vault = session.create(
        "Vault4626", ("address", "string", "string"), (usdc.address, "USDC vault", "vUSDC")
    )
    amount = usdc.units(VAULT_DEPOSIT_USDC)
    mint(session, usdc, holder, amount)
    session.call("stranger", usdc.address, "approve(address,uint256)", vault, amount)
    session.call("stranger", vault, "deposit(uint256,address)", amount, holder)
    return Vault(vault, "USDC", "vUSDC", 6)


def deploy_awkward_tokens(session: Session) -> dict[str, Token]:
    """Only the deployer and the stranger hold them."""
    tokens = {
        symbol: Token(symbol, session.create(name), decimals)
        for symbol, name, decimals in (
            ("NORET", "NoReturnToken", 6),
            ("FEE", "FeeToken", 18),
            ("BLACK", "BlacklistToken", 18),
        )
    }
    for token in tokens.values():
        for holder in ("deployer", "stranger"):
            mint(session, token, address_of(holder), token.units(1_000_000))
    return tokens
