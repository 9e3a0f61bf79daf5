"""Build the local chain, or find it in the cache, and show what stands where.

Usage: python -m config.local.chain.build
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

from config.local.chain.cache import ChainCache, ensure_chain


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _rows(title: str, entries: dict[str, str]) -> None:
    _line(f"\n{title}")
    for name, text in entries.items():
        _line(f"  {name.removesuffix('_'):26} {text}")


def show(cache: ChainCache) -> None:
    manifest = cache.manifest
    _rows("Accounts (local only)", dict(manifest.accounts))
    _rows("Safes", asdict(manifest.safes))
    _rows("Roles modifiers", asdict(manifest.roles))
    _rows("Tokens", {name: token.address for name, token in manifest.tokens.items()})
    _rows("Feeds", dict(manifest.feeds))
    pools = (*manifest.pools, *manifest.side_pools)
    _rows("Pools", {f"{p.token0}/{p.token1} {p.fee}": p.address for p in pools})
    _rows("Vault", {manifest.vault.symbol: manifest.vault.address})
    _rows("Contracts", asdict(manifest.contracts))
    _rows(
        "Allowances per period",
        {
            item.name: f"{item.refill} units of {item.token} every {item.period} s"
            for item in manifest.allowances
        },
    )


def main() -> None:
    started = time.perf_counter()
    cache = ensure_chain(_line)
    elapsed = time.perf_counter() - started
    show(cache)
    _line(f"\nhead {cache.head_hash}, block {cache.manifest.head_number}")
    _line(f"state {cache.state_path}, {cache.state_path.stat().st_size:,} bytes")
    _line(f"ready in {elapsed:.1f} s")


if __name__ == "__main__":
    main()
