"""One life of the treasury: beat's messages, the market, the people; and processes that may die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

import httpx
from celery import Task
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db.models import QuerySet

from config.local import servers
from config.local.scenarios.driver import Driver
from config.local.scenarios.judge import Judge
from config.local.scenarios.people import People
from execution.core.lifecycle import TransactionState
from execution.selectors.plans import plan_value
from governance.core.lifecycle import OPEN, ProposalOutcome, ProposalState
from governance.core.telling.delivery import LEASE
from governance.models import Approval, ApprovalKind, Notification, Proposal, Route
from governance.selectors.proposals import all_proposals, plan_of, transaction_of
from governance.services.notifying.delivering import deliver_due
from governance.services.sweeping import due_proposals
from governance.tasks import advance_proposals, deliver_notifications, generate_proposals
from tests.chain.crash.children import BIN, Child, command, wait_for
from tests.chain.crash.entry import ending_of
from tests.chain.crash.evidence import (
    ExecutedTwiceError,
    Holdings,
    Intent,
    executions,
    holdings,
    require_once,
)
from tests.chain.crash.world import World
from treasury.models import OutboxEvent

BLOCK_SECONDS = 12
MOST_BLOCKS = 40
MOST_STEPS_AT_A_BLOCK = 40
TASK_SECONDS = 60
WEB_SECONDS = 30
WORKER = ("-P", "solo", "--without-mingle", "--without-gossip", "--without-heartbeat")
CAREFUL, CARELESS = "tests.chain.crash.entry", "tests.chain.crash.careless"


class DoesNotSettleError(RuntimeError):
    """Something is still open after so many blocks."""


class ProcessDiedError(Exception):
    """A process of the service is gone in the middle of its work."""


@dataclass(slots=True)
class Play:
    """`before`, `first_block` and `earlier` say what was there when this life began."""

    world: World
    judge: Judge
    people: People
    stack: ExitStack
    app: str
    before: Holdings
    first_block: int
    earlier: frozenset[int]
    children: dict[str, Child] = field(default_factory=dict)

    # ------------------------------------------------------------------------ processes
    def start_worker(self, crash_at: str = "", *, from_the_command_line: bool = False) -> None:
        queues = f"{settings.CELERY_TASK_DEFAULT_QUEUE},{settings.EXECUTION_QUEUE}"
        argv = ("celery", "-A", self.app, "worker", *WORKER, "-Q", queues, "-l", "WARNING")
        log = self.world.logs / f"crash-worker-{settings.WORKER_NUMBER}.log"
        if from_the_command_line:
            env = {**self.world.env, "CRASH_AT": crash_at}
            child: Child = command((str(BIN / argv[0]), *argv[1:]), log=log, env=env)
        else:
            child = self.world.nursery.start(argv, log=log, crash_at=crash_at)
        self.children["worker"] = child
        self.stack.callback(child.kill)

    def start_web(self, crash_at: str = "") -> None:
        """The people use it from here on."""
        address = f"127.0.0.1:{servers.free_port()}"
        argv = ("manage.py", "runserver", "--noreload", "--nothreading", "--skip-checks", address)
        log = self.world.logs / f"crash-web-{settings.WORKER_NUMBER}.log"
        web = self.world.nursery.start(argv, log=log, crash_at=crash_at)
        self.children["web"] = web
        self.stack.callback(web.kill)
        client = self.stack.enter_context(_client(self.world, f"http://{address}"))
        wait_for(lambda: _answers(client), seconds=WEB_SECONDS, what="an answer of the web server")
        self.people = _people(self.world, client)

    def returncodes(self) -> dict[str, int]:
        """Of those that have ended."""
        found = {name: child.returncode for name, child in self.children.items()}
        return {name: code for name, code in found.items() if code is not None}

    # ------------------------------------------------------------------------ the life
    def live(self) -> None:
        """Until every proposal is at its end. ProcessDiedError when a process has died before."""
        self._do(generate_proposals)
        for _ in range(MOST_BLOCKS):
            self._sweep()
            if self._act():
                self._sweep()
            self._do(deliver_notifications)
            self.judge.note_step()
            if self.proposals().exists() and not _open():
                return
            self.world.market.mine(BLOCK_SECONDS)
        raise DoesNotSettleError(f"still open: {_open()}")

    def proposals(self) -> QuerySet[Proposal]:
        """Those of this life."""
        return all_proposals().exclude(pk__in=self.earlier).order_by("pk")

    def _sweep(self) -> None:
        """At one block until nothing is due any more, and once in any case: beat does not ask."""
        now = self.world.rpc.timestamp()
        for _ in range(MOST_STEPS_AT_A_BLOCK):
            self._do(advance_proposals)
            if not due_proposals(now=now):
                return
        raise DoesNotSettleError(f"always due: {_open()}")

    def _do(self, task: Task[[], None]) -> None:
        """The message that beat would send, and its end."""
        sent = task.apply_async()
        worker = self.children["worker"]
        wait_for(
            lambda: bool(ending_of(sent.id)) or worker.returncode is not None,
            seconds=TASK_SECONDS,
            what=f"the end of {task.name}",
        )
        if not ending_of(sent.id):
            raise ProcessDiedError("worker")
        assert ending_of(sent.id) == "SUCCESS", worker.log.read_text()[-3000:]

    def _act(self) -> int:
        try:
            return self.people.act()
        except httpx.TransportError as error:
            web = self.children["web"]
            wait_for(lambda: web.returncode is not None, seconds=5, what="the web server's end")
            raise ProcessDiedError("web") from error

    # ------------------------------------------------------------------------ the end
    def require_good_end(self, *, tier: str, route: str) -> None:
        """One intent of this tier, reconciled, executed once: by the judge and by the balances."""
        verdict = self.judge.verdict()
        if verdict.findings["nothing_executed_twice"]:
            raise ExecutedTwiceError(verdict.findings["nothing_executed_twice"])
        assert verdict.ok, verdict.findings
        rows = list(self.proposals())
        require_once(
            [_intent(row) for row in rows],
            before=self.before,
            after=holdings(self.world.rpc, self.world.chain.manifest),
            executed=executions(self.world.rpc, first_block=self.first_block),
        )
        assert [(row.tier.name, row.route) for row in rows] == [(tier, route)]
        (row,) = rows
        assert (row.state, row.outcome) == (ProposalState.DONE, ProposalOutcome.EXECUTED)
        assert transaction_of(row).state == TransactionState.RECONCILED
        if row.route == Route.OPERATOR:
            assert Approval.objects.filter(proposal=row, kind=ApprovalKind.APPROVE).exists()
        assert not OutboxEvent.objects.filter(relayed_at=None).exists()
        self._require_everything_told()

    def _require_everything_told(self) -> None:
        """Each event by webhook, at least once and with one content; what a process had in hand
        when it died, once its claim is over."""
        while deliver_due(now=datetime.now(UTC) + LEASE):
            pass
        assert not Notification.objects.exclude(state="SENT").exists()
        bodies: dict[str, set[bytes]] = {}
        for request in self.world.receiver.requests:
            bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
        assert {row.payload["id"] for row in Notification.objects.all()} <= set(bodies)
        assert all(len(found) == 1 for found in bodies.values())


@contextmanager
def playing(world: World, stage: str, *, app: str = CAREFUL) -> Iterator[Play]:
    """A life that begins at a stage of the world; whatever it started is gone afterwards."""
    if not world.is_kept(stage):
        _open_the_vault(world, stage)
    world.restore(stage)
    world.receiver.requests.clear()
    for log in world.logs.glob(f"crash-w*-{settings.WORKER_NUMBER}.log"):
        log.unlink()
    with world.judge() as judge, ExitStack() as stack:
        yield Play(
            world=world,
            judge=judge,
            people=_people(world, stack.enter_context(_client(world))),
            stack=stack,
            app=app,
            before=holdings(world.rpc, world.chain.manifest),
            first_block=int(world.rpc.block()["number"], 16) + 1,
            earlier=frozenset(all_proposals().values_list("pk", flat=True)),
        )


def _open_the_vault(world: World, stage: str) -> None:
    """The yield tier's first correction is done, so that later only one tier moves."""
    world.restore("seeded")
    with world.judge() as judge, _client(world) as client:
        Driver(
            market=world.market,
            people=_people(world, client),
            judge=judge,
            rpc_url=world.url,
            finality_depth=settings.FINALITY_DEPTH,
            tell=lambda _: None,
        ).step("opening", seconds=300)
    world.keep(stage)


def _client(world: World, base_url: str = "") -> httpx.Client:
    """To a web server, or without one to the application in this process."""
    return httpx.Client(
        transport=None if base_url else httpx.WSGITransport(app=get_wsgi_application()),
        base_url=base_url or "http://localhost",
        headers={"Authorization": f"Bearer {world.token}"},
        timeout=WEB_SECONDS,
    )


def _people(world: World, api: httpx.Client) -> People:
    return People(api=api, rpc=world.rpc, deployment=world.chain.manifest)


def _intent(row: Proposal) -> Intent:
    plan = plan_of(row)
    return Intent(row.public_id, plan.evidence_digest, plan_value(plan).legs)


def _open() -> list[str]:
    rows = all_proposals().filter(state__in=sorted(OPEN))
    return [f"{row.tier.name} {row.state}: {row.state_reason}" for row in rows]


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False
