"""Where browser tests play: a database, a chain and a web server of their own per worker, and the
visitors who look at the pages.

The web server is the real one (granian, the service's database role) in its own process. The
service's ticks are taken by the test, in this process: the clock is the chain's, and it moves only
when the test moves it.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from config.local import servers
from config.local.chain.accounts import AccountName, private_key
from config.local.chain.cache import ChainCache, ensure_chain
from config.local.chain.market import Market
from config.local.places import Places
from config.local.price_api import Quotation, price_api
from config.local.processes import MARK, Process
from config.local.seed.treasury import PASSWORD, seed_treasury
from governance.models import User
from tests.browser.wallet import Wallet
from tests.conftest import Chain
from tests.integration.governance.conftest import Stage, prove
from tests.npm_modules import ensure_modules
from tests.own_database import OwnDatabase

SEED: Final = 7
SEEDED: Final = "seeded"
DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
AXE: Final = Path(__file__).parent / "axe-core"
SERIOUS: Final = {"serious", "critical"}
VIOLATIONS: Final = """addEventListener('securitypolicyviolation',
  event => window.__violation(`${event.violatedDirective} ${event.blockedURI}`))"""


@dataclass
class Visitor:
    """One person before a browser window. `complaints` must be empty in the end: console errors,
    page errors, violations of the content security policy."""

    context: BrowserContext
    base_url: str
    name: str = ""
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(20_000)
        self.context.expose_binding("__violation", lambda _, text: self.complaints.append(text))
        self.context.add_init_script(VIOLATIONS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

    def _heard(self, message: Any) -> None:
        # A refused form is answered with 4xx and shown; the browser logs that by itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def go(self, path: str) -> Page:
        answer = self.page.goto(self.base_url + path)
        assert answer is not None
        assert answer.status < 500, f"{path}: {answer.status}"
        return self.page

    def sign_in(self, name: str) -> Visitor:
        """By password, as staff and the demonstration's people do."""
        self.go("/login")
        return self.sign_in_here(name)

    def already_signed_in(self, name: str) -> Visitor:
        """With the session of somebody who has just proved himself: for tests of what comes after
        the log-in, which costs a second of its own."""
        self.name = name
        client = Client()
        client.force_login(User.objects.get(username=name))
        prove(client)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": self.base_url}]
        )
        return self

    def sign_in_here(self, name: str) -> Visitor:
        """On the log-in form that the page leads to."""
        self.name = name
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("button", name=f"Sign out {name}")).to_be_visible()
        return self

    def sign_in_by_wallet(self, name: str) -> Visitor:
        """By the wallet of this window, which signs the text of the server (ERC-4361)."""
        self.name = name
        self.go("/login")
        self.page.get_by_role("button", name="Sign in with Test Wallet").click()
        expect(self.page.get_by_role("button", name=f"Sign out {name}")).to_be_visible()
        return self

    def serious_violations(self) -> list[str]:
        """What axe-core finds on the page as it stands, serious and critical only."""
        if not self.page.evaluate("() => typeof window.axe === 'object'"):
            source = (ensure_modules(AXE) / "axe-core" / "axe.min.js").read_text()
            self.page.evaluate(source)
        found: dict[str, Any] = self.page.evaluate("() => axe.run(document)")
        return [
            f"{item['id']} ({item['impact']}): {item['help']}: {node['target']}"
            for item in found["violations"]
            if item["impact"] in SERIOUS
            for node in item["nodes"]
        ]

    def is_wider_than_window(self) -> bool:
        """Whether the page has to be scrolled sideways."""
        wide: bool = self.page.evaluate(
            "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide


@dataclass
class Theatre:
    """`stage` is the treasury of the current test. `visitor()` opens a browser window."""

    stage: Stage
    chain: Chain
    url: str
    browser: Browser
    opened: list[Visitor] = field(default_factory=list)

    def visitor(self, *, phone: bool = False, dark: bool = False, **more: Any) -> Visitor:
        context = self.browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **more,
        )
        visitor = Visitor(context, self.url)
        self.opened.append(visitor)
        return visitor

    def with_wallet(self, account: AccountName, **more: Any) -> tuple[Visitor, Wallet]:
        """A window whose wallet holds the account's key. Install before the first page opens."""
        visitor = self.visitor(**more)
        wallet = Wallet(account, self.chain).install(visitor.context)
        return visitor, wallet

    def close_windows(self) -> list[str]:
        """Everything that the windows complained about."""
        complaints = [line for visitor in self.opened for line in visitor.complaints]
        for visitor in self.opened:
            visitor.context.close()
        self.opened.clear()
        return complaints


@dataclass
class House:
    """What lasts as long as the test process: chain, database, web server. A stage that was kept
    can be restored as often as wanted; those kept after it are forgotten with it."""

    cache: ChainCache
    chain: Chain
    database: OwnDatabase
    url: str
    stage: Stage
    _snapshots: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str) -> None:
        self.database.keep(name)
        self._snapshots[name] = str(self.chain.rpc("evm_snapshot"))

    def is_kept(self, name: str) -> bool:
        return name in self._snapshots

    def restore(self, name: str) -> None:
        """Tables and chain as they were then, caches empty."""
        self.database.restore(name)
        self.chain.rpc("anvil_dropAllTransactions")
        assert self.chain.rpc("evm_revert", self._snapshots[name]) is True
        kept = list(self._snapshots)
        for later in kept[kept.index(name) :]:
            del self._snapshots[later]
        self._snapshots[name] = str(self.chain.rpc("evm_snapshot"))  # good for one return
        cache.clear()
        self.stage.market.close()
        self.stage.market = Market(self.chain.url, self.cache.manifest, SEED)


@contextmanager
def running_house() -> Iterator[House]:
    """Needs the run's PostgreSQL and Redis, and the right to use a database."""
    places: Places = settings.PLACES
    number: int = settings.WORKER_NUMBER
    chain_cache, chain = ensure_chain(), Chain(servers.free_port())
    database = OwnDatabase(f"ballast_browser_{number}")
    anvil = servers.anvil(chain_cache, chain.port, places.logs / f"browser-anvil-{number}.log")
    with ExitStack() as stack:
        anvil.start()
        stack.callback(anvil.stop)
        key = "0x" + private_key("executor").hex()
        stack.enter_context(override_settings(RPC_URLS=[chain.url], EXECUTOR_KEY=key))
        stack.enter_context(database.running())
        anvil.wait_ready()
        url = stack.enter_context(_web_server(places, number, database, chain))
        house = stack.enter_context(_furnished(chain_cache, chain, database, url))
        house.keep(SEEDED)
        yield house


@contextmanager
def _furnished(
    chain_cache: ChainCache, chain: Chain, database: OwnDatabase, url: str
) -> Iterator[House]:
    """The local treasury, its prices told over HTTP by the market of the current test."""
    market = Market(chain.url, chain_cache.manifest, SEED)
    houses: list[House] = []

    def quotation() -> Quotation:
        current = houses[0].stage.market if houses else market
        return Quotation(current.prices, current.timestamp)

    with price_api(quotation) as prices:
        market.hold(12)
        seeded = seed_treasury(chain_cache.manifest, rpc_url=chain.url, price_api_url=prices)
        stage = Stage(seeded, market, chain.url)
        houses.append(House(chain_cache, chain, database, url, stage))
        try:
            yield houses[0]
        finally:
            stage.market.close()


@contextmanager
def _web_server(places: Places, number: int, database: OwnDatabase, chain: Chain) -> Iterator[str]:
    port = servers.free_port()
    web = Process(
        "web",
        [
            Path(sys.executable).parent / "granian", "--interface", "wsgi", "--host", "127.0.0.1",
            "--port", str(port), "--workers", "1", "--blocking-threads", "4",
            "config.local.entry:application",
        ],
        places.logs / f"browser-web-{number}.log",
        lambda: _is_alive(port),
        {
            MARK: str(places.state),
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "PYTEST_XDIST_WORKER": f"gw{number}",
            "TEST_DATABASE_URL": database.service_url,
            "TEST_RPC_URLS": chain.url,
            "SITE_URL": f"http://127.0.0.1:{port}",
        },
        start_seconds=60,
    )  # fmt: skip
    web.start()
    try:
        web.wait_ready()
        yield f"http://127.0.0.1:{port}"
    finally:
        web.stop()


def _is_alive(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False
