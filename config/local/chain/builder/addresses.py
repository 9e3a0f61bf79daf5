"""Well-known mainnet addresses at which the chain is built, and how each one is reached.

Infrastructure sits where it sits on mainnet, with constructors really run, so that no address table
differs between the local chain and a real one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

_at = to_checksum_address


class Historic(NamedTuple):
    """A plain CREATE of mainnet: the same deployer at the same nonce gives the same address."""

    deployer: ChecksumAddress
    nonce: int
    address: ChecksumAddress


_UNISWAP = _at("0x6C9FC64A53c1b71FB3f9Af64d1ae3A4931A5f4E9")

HISTORIC: Final[dict[str, Historic]] = {
    "Multicall3": Historic(
        _at("0x05f32B3cC3888453ff71B01135B34FF8e41263F2"),
        0,
        _at("0xcA11bde05977b3631167028862bE2a173976CA11"),
    ),
    "WETH9": Historic(
        _at("0x4F26FfBe5F04ED43630fdC30A87638d53D0b0876"),
        446,
        _at("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
    ),
    "UniswapV3Factory": Historic(_UNISWAP, 0, _at("0x1F98431c8aD98523631AE4a59f267346ea31F984")),
    "TickLens": Historic(_UNISWAP, 2, _at("0xbfd8137f7d1516D3ea5cA83523914859ec47F573")),
    "SwapRouter": Historic(_UNISWAP, 4, _at("0xE592427A0AEce92De3Edee1F18E0157C05861564")),
    "NFTDescriptor": Historic(_UNISWAP, 5, _at("0x42B24A95702b9986e82d421cC3568932790A48Ec")),
    "NonfungibleTokenPositionDescriptor": Historic(
        _UNISWAP, 6, _at("0x91ae842A5Ffd8d12023116943e72A606179294f3")
    ),
    "NonfungiblePositionManager": Historic(
        _UNISWAP, 8, _at("0xC36442b4a4522E871399CD717aBDD847Ab11FE88")
    ),
    "QuoterV2": Historic(_UNISWAP, 13, _at("0x61fFE014bA17989E743c5F6cB21bF9697530B21e")),
    "SwapRouter02": Historic(_UNISWAP, 14, _at("0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45")),
}
UNISWAP_V3_OWNER: Final = _UNISWAP  # of the v3 factory on this chain
UNISWAP_V2_FACTORY: Final = _at("0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f")  # named, not deployed
MULTICALL3: Final = HISTORIC["Multicall3"].address
WETH: Final = HISTORIC["WETH9"].address
V3_FACTORY: Final = HISTORIC["UniswapV3Factory"].address
SWAP_ROUTER: Final = HISTORIC["SwapRouter"].address
SWAP_ROUTER02: Final = HISTORIC["SwapRouter02"].address
TICK_LENS: Final = HISTORIC["TickLens"].address
QUOTER_V2: Final = HISTORIC["QuoterV2"].address
POSITION_MANAGER: Final = HISTORIC["NonfungiblePositionManager"].address

# Keyless CREATE2 factories. The calldata of the first two is salt ++ creation code.
ARACHNID: Final = _at("0x4e59b44847b379578588920cA78FbF26c0B4956C")  # predeployed by anvil
SAFE_FACTORY: Final = _at("0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7")
ERC2470: Final = _at("0xce0042B868300000d44A59004Da54A005ffdcf9f")
ERC2470_SENDER: Final = _at("0xBb6e024b9cFFACB947A71991E386681B1Cd1477D")

# Safe 1.4.1 by SAFE_FACTORY with salt 0: the address proves the creation code.
SAFE_141: Final[dict[str, ChecksumAddress]] = {
    "SafeL2": _at("0x29fcB43b46531BcA003ddC8FCB67FFE91900C762"),
    "Safe": _at("0x41675C099F32341bf84BFc5382aF534df5C7461a"),
    "SafeProxyFactory": _at("0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67"),
    "CompatibilityFallbackHandler": _at("0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99"),
    "MultiSend": _at("0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526"),
    "MultiSendCallOnly": _at("0x9641d764fc13c8B624c04430C7356C1C7C8102e2"),
    "SimulateTxAccessor": _at("0x3d4BA2E0884aa488718476ca2FB8Efc291A46199"),
    "SignMessageLib": _at("0xd53cd0aB83D845Ac265BE939c57F53AD838012c9"),
    "CreateCall": _at("0x9b35Af71d77eaf8d7e40252370304687390A1A52"),
}
SAFE_SINGLETON: Final = SAFE_141["SafeL2"]
SAFE_PROXY_FACTORY: Final = SAFE_141["SafeProxyFactory"]
SAFE_FALLBACK_HANDLER: Final = SAFE_141["CompatibilityFallbackHandler"]
MULTISEND_CALL_ONLY: Final = SAFE_141["MultiSendCallOnly"]

# Zodiac by ERC-2470: the address proves the creation code, except of Packer (see `deploy_zodiac`).
ZODIAC: Final[dict[str, ChecksumAddress]] = {
    "Integrity": _at("0x6a6Af4b16458Bc39817e4019fB02BD3b26d41049"),
    "RolesV2": _at("0x9646fDAD06d3e24444381f44362a3B0eB343D337"),
    "ModuleProxyFactory": _at("0x000000000000aDdB49795b0f9bA5BC298cDda236"),
    "MultiSendUnwrapper": _at("0x93B7fCbc63ED8a3a24B59e1C3e6649D50B7427c0"),
}
ROLES_LINKED_PACKER: Final = _at("0x61C5B1bE435391fDd7BC6703F3740C0d11728a8C")

# Our TestToken stands at the real token's address, so that the pools land on theirs as well.
TOKENS: Final[dict[str, tuple[str, ChecksumAddress, int]]] = {
    "USDC": ("USD Coin", _at("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), 6),
    "WBTC": ("Wrapped BTC", _at("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"), 8),
    "DAI": ("Dai Stablecoin", _at("0x6B175474E89094C44Da98b954EedeAC495271d0F"), 18),
}
V3_POOLS: Final[dict[tuple[str, str, int], ChecksumAddress]] = {
    ("WETH", "USDC", 500): _at("0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"),
    ("WBTC", "WETH", 3000): _at("0xCBCdF9626bC03E24f779434178A73a0B4bad62eD"),
    ("WBTC", "USDC", 3000): _at("0x99ac8cA7087fA4A2A1FB6357269965A2014ABc35"),
    ("DAI", "USDC", 100): _at("0x5777d92f208679DB4b9778590Fa3CAB3aC9e2168"),
    ("WETH", "USDC", 3000): _at("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8"),
    ("WETH", "USDC", 10000): _at("0x7BeA39867e4169DBe237d55C8242a8f2fcDcc387"),
    ("WBTC", "WETH", 500): _at("0x4585FE77225b41b697C938B018E2Ac67Ac5a20c0"),
    ("DAI", "WETH", 500): _at("0x60594a405d53811d3BC4766596EFD80fd545A270"),
}
V3_POOL_INIT_CODE_HASH: Final = "e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
IDENTITY: Final = _at("0x0000000000000000000000000000000000000004")  # precompile: returns its input
NULL: Final = _at("0x0000000000000000000000000000000000000000")
