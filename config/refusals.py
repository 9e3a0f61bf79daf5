"""Why production does not start: each line says what is wrong, where, and how to mend it.

A function of the environment, so that the rules can be tested without starting anything. Read by
`config.settings.production` before any setting is made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

Environment = Mapping[str, str]

LOCAL_CHAIN_ID = 31337
PROVIDERS_WITH_AUTOMATION = 3
SECRET_KEY_CHARACTERS = 50
TRUE = {"1", "true", "on", "yes", "ok", "y"}  # as django-environ reads them
DEMO_MNEMONIC = "test test test test test test test test test test test junk"
# sha256 of the ten private keys which that mnemonic gives and which everybody knows.
DEMO_KEY_DIGESTS = frozenset(
    {
        "59891c96881dfbcf7d2ddc270b7813e666694fbbffe8ddd2736bf91c1b0e85d4",
        "bca4c2c0761d850f0c403a699280f70f86ab6659a611ada431019203cd66098f",
        "193ae84c4c9567c25105535802f463f3f8dc420b0ce9a5b57c7931c764e623d6",
        "e25a680eff8baac7b15129a830ecc40211017919d5d32fce8c6b409af753e50f",
        "6718ba8966161cc843e01e8d19f018859e1bcba7f0e8f2c108578b497ac408b7",
        "ac29b3735d1b57180dea890d6321cd27e593723cbe9e227eed8a3fa35945122c",
        "93e372c67f7238faf2dfdc029246b299e88d71937680cbb895fedeb2a262ed19",
        "59ad99d565557cc0968550ed2f5ea5ff5fd1d279324a25d324a531053c9c16a3",
        "2d1831e800ec18fe3e29da2e4357db936efce5b9792d76683d465582f0910db0",
        "25061aad2bb0917814989eb38f95608a744ecb8173fdce329486e8b83086e5f0",
    }
)
KEY_SHAPED = re.compile(r"(?<![0-9a-fA-F])(?:0x)?([0-9a-fA-F]{64})(?![0-9a-fA-F])")


def refusals(environment: Environment) -> list[str]:
    """Every reason at once, so that one restart is enough to mend them all. Never shows a value."""
    return [line for rule in RULES for line in rule(environment)]


def is_true(environment: Environment, name: str, *, default: bool) -> bool:
    value = environment.get(name)
    return default if value is None else value.strip().lower() in TRUE


def rpc_urls(environment: Environment) -> set[str]:
    """Distinct providers: the same address twice is one provider."""
    listed = environment.get("RPC_URLS") or environment.get("RPC_URL") or ""
    return {url.strip() for url in listed.split(",") if url.strip()}


def _debug(environment: Environment) -> Iterator[str]:
    if any(is_true(environment, name, default=False) for name in ("DEBUG", "DJANGO_DEBUG")):
        yield "DEBUG is on (environment): it shows secrets to visitors. Remove the variable."


def _secret_key(environment: Environment) -> Iterator[str]:
    key = environment.get("SECRET_KEY", "")
    if not key:
        yield (
            "SECRET_KEY is missing (environment): it signs sessions and cursors. "
            f"Set it to at least {SECRET_KEY_CHARACTERS} random characters, from a secret store."
        )
    elif len(key) < SECRET_KEY_CHARACTERS or key.startswith(("local-only", "django-insecure-")):
        yield (
            "SECRET_KEY is short or a demonstration key (environment): sessions could be forged. "
            f"Set it to at least {SECRET_KEY_CHARACTERS} random characters, from a secret store."
        )


def _demo_keys(environment: Environment) -> Iterator[str]:
    for name, value in sorted(environment.items()):
        known = any(
            hashlib.sha256(bytes.fromhex(match)).hexdigest() in DEMO_KEY_DIGESTS
            for match in KEY_SHAPED.findall(value)
        )
        if known or DEMO_MNEMONIC in value:
            yield (
                f"{name} holds a demonstration key (environment): everybody knows it. "
                "Set it to a key of your own, on a keystore or signing service."
            )
    if environment.get("EXECUTOR_KEY_SEED"):
        yield (
            "EXECUTOR_KEY_SEED is set (environment): keys from a seed are for demonstrations. "
            "Remove it and set EXECUTOR_KEYFILE to a keystore file."
        )


def _chain(environment: Environment) -> Iterator[str]:
    given = environment.get("CHAIN_ID", "").strip()
    if not given.isdecimal():
        yield "CHAIN_ID is missing or not a number (environment). Set it, for example CHAIN_ID=1."
    elif int(given) == LOCAL_CHAIN_ID:
        yield (
            f"CHAIN_ID is {LOCAL_CHAIN_ID} (environment): this is the local demonstration chain. "
            "Set it to the chain of the treasury."
        )


def _site(environment: Environment) -> Iterator[str]:
    url = urlsplit(environment.get("SITE_URL", ""))
    if url.scheme != "https" or not url.netloc or url.path.rstrip("/") or url.query:
        yield (
            "SITE_URL is missing or not an https:// address without a path (environment): it "
            "stands in the text that people's wallets sign in with. Set it to this service's own "
            "address, for example SITE_URL=https://ballast.example."
        )


def _crash_points(environment: Environment) -> Iterator[str]:
    if environment.get("CRASH_AT"):
        yield "CRASH_AT is set (environment): it kills the process on purpose. Remove the variable."


def _servers(environment: Environment) -> Iterator[str]:
    examples = {
        "DATABASE_URL": "postgres://ballast_app:...@db/ballast",
        "REDIS_URL": "redis://redis:6379",
        "ALLOWED_HOSTS": "ballast.example",
    }
    for name, example in examples.items():
        if not environment.get(name):
            yield f"{name} is missing (environment). Set it, for example {name}={example}."
    database = environment.get("DATABASE_URL", "")
    if database and not database.startswith(("postgres://", "postgresql://")):
        yield (
            "DATABASE_URL is not PostgreSQL (environment): other databases round token amounts. "
            "Set it to a postgres:// address."
        )


def _providers(environment: Environment) -> Iterator[str]:
    urls = rpc_urls(environment)
    if not urls:
        yield (
            "RPC_URLS is missing (environment). Set it to the addresses of your RPC providers, "
            "separated by commas."
        )
    elif len(urls) < PROVIDERS_WITH_AUTOMATION and is_true(
        environment, "AUTOMATION_ENABLED", default=True
    ):
        yield (
            f"RPC_URLS names {len(urls)} provider(s) (environment): with automation on, "
            f"{PROVIDERS_WITH_AUTOMATION} are needed, or one provider could lie about the chain "
            "unnoticed. Add providers, or set AUTOMATION_ENABLED=false."
        )


RULES: tuple[Callable[[Environment], Iterator[str]], ...] = (
    _debug,
    _secret_key,
    _demo_keys,
    _chain,
    _site,
    _crash_points,
    _servers,
    _providers,
)
