"""`manage.py backtest --policy FILE.json --prices FILE.csv --json`: the production rules replayed
over a table of prices."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentTypeError
from decimal import Decimal, DecimalException
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from treasury.core.backtests.policy_files import PolicyFile, parse_policy_file
from treasury.core.backtests.price_tables import (
    PriceTable,
    PriceTableError,
    parse_price_table,
    time_text,
)
from treasury.core.backtests.reach import unreplayed_fields
from treasury.core.backtests.results import (
    BacktestSettings,
    EngineChoice,
    Provenance,
    Replay,
    backtest_document,
)
from treasury.core.canonical import canonical_bytes
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import RevivalError
from treasury.engine.backtest import KernelRefusedError, run_backtest
from treasury.engine.replay.book import ReserveError
from treasury.management.files import bad_input, read_document, write_document
from treasury.management.price_files import read_price_lines

AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,18})?", re.ASCII)
COST_BPS_MAX = 1_000
GAS_USD_MAX = 1_000_000
LATENCY_ROWS_MAX = 1_000_000
SHOWN_GAPS = 5


def amount(text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no decimal number; write one such as 12.5")
    return Decimal(text)


def initial_usd(text: str) -> Decimal:
    if (value := amount(text)) == 0:
        raise ArgumentTypeError("0 buys nothing; start with more")
    return value


def cost_bps(text: str) -> Decimal:
    if (value := amount(text)) > COST_BPS_MAX:
        raise ArgumentTypeError(f"{text} is above {COST_BPS_MAX} bps; is it in basis points?")
    return value


def gas_usd(text: str) -> Decimal:
    if (value := amount(text)) > GAS_USD_MAX:
        raise ArgumentTypeError(f"{text} is above {GAS_USD_MAX} USD per trade; is it in USD?")
    return value


def rows(text: str) -> int:
    value = amount(text)
    if value % 1 or value > LATENCY_ROWS_MAX:
        raise ArgumentTypeError(f"{text!r} is no number of rows; write a whole one such as 6")
    return int(value)


class Command(BaseCommand):
    help = (
        "Replays a policy over prices (CSV: time and one column per asset, one row per time in "
        "UTC). Needs no database. The result is docs/schemas/backtest.output.schema.json. Exit 0: "
        "replayed, 2: bad input."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        default = BacktestSettings()
        parser.add_argument(
            "--policy", required=True, metavar="FILE.json",
            help='the policy document, or {"policy": ..., "assets": [{"asset", "symbol"}]}',
        )  # fmt: skip
        parser.add_argument("--prices", required=True, metavar="FILE.csv")
        parser.add_argument(
            "--json", action="store_true", help="the whole result; without it a summary"
        )
        parser.add_argument(
            "--output", default="-", metavar="FILE.json",
            help="where the whole result goes; - (default) is standard output, with --json",
        )  # fmt: skip
        parser.add_argument(
            "--initial-usd", type=initial_usd, default=default.initial_usd, metavar="USD",
            help=f"cash at the first row, spent on the targets (default {default.initial_usd})",
        )  # fmt: skip
        parser.add_argument(
            "--cost-bps", type=cost_bps, default=default.cost_bps, metavar="BPS",
            help="what the market keeps of each value bought or sold; a swap of one asset for "
            f"another pays it twice (default {default.cost_bps})",
        )  # fmt: skip
        parser.add_argument(
            "--gas-usd", type=gas_usd, default=default.gas_usd, metavar="USD",
            help=f"gas of each trade (default {default.gas_usd})",
        )  # fmt: skip
        parser.add_argument(
            "--latency-rows", type=rows, default=default.latency_rows, metavar="ROWS",
            help="rows from a decision to its execution, at the prices found there "
            f"(default {default.latency_rows})",
        )  # fmt: skip
        parser.add_argument(
            "--engine", choices=[str(item) for item in EngineChoice],
            default=str(EngineChoice.AUTO),
            help="auto (default) takes the kernel where it gives what the rules give",
        )  # fmt: skip
        parser.add_argument(
            "--allow-gaps", action="store_true",
            help="go on where rows are missing; nothing is filled in, the result lists them",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        document = read_document(options["policy"])
        file = self._policy(options["policy"], document)
        table, prices_sha256 = self._prices(options, file)
        settings = BacktestSettings(
            initial_usd=options["initial_usd"],
            cost_bps=options["cost_bps"],
            gas_usd=options["gas_usd"],
            latency_rows=options["latency_rows"],
        )
        try:
            replay, reason = self._replay(file, table, settings, EngineChoice(options["engine"]))
        except KernelRefusedError as error:
            raise bad_input(
                f"{options['policy']}: --engine kernel: {error}; use auto or rules"
            ) from None
        except DecimalException as error:
            raise bad_input(
                f"{options['policy']}: numbers too far apart to compute with exactly "
                f"({type(error).__name__}); check decimals and prices"
            ) from None
        except ReserveError as error:
            raise bad_input(f"--initial-usd: {error} of {options['policy']}; raise it") from None
        result = backtest_document(
            replay=replay,
            engine_reason=reason,
            settings=settings,
            table=table,
            provenance=Provenance(
                policy_hash=policy_hash(file.policy), prices_sha256=prices_sha256
            ),
        )
        text = canonical_bytes(result).decode() + "\n"
        if options["output"] != "-":
            write_document(options["output"], text)
        if options["json"] and options["output"] == "-":
            self.stdout.write(text, ending="")
        if not options["json"]:
            self.stdout.write(summary(result), ending="")

    def _policy(self, path: str, document: object) -> PolicyFile:
        try:
            file = parse_policy_file(document)
        except RevivalError as error:
            raise bad_input(f"{path}: {error}") from error
        if places := unreplayed_fields(file.policy):
            raise bad_input(
                f"{path}: {', '.join(places)}: needs more than a table of prices, so a back-test "
                "would be wrong; take it out of this copy of the policy"
            )
        return file

    def _prices(self, options: dict[str, Any], file: PolicyFile) -> tuple[PriceTable, str]:
        path = options["prices"]
        lines, sha256 = read_price_lines(path)
        try:
            table = parse_price_table(lines, names=file.column_names())
        except PriceTableError as error:
            raise bad_input(f"{path}: {error}") from error
        shown = "; ".join(
            f"{gap.missing_rows} between {time_text(gap.after_at)} and {time_text(gap.before_at)}"
            for gap in table.gaps[:SHOWN_GAPS]
        )
        more = f" and {len(table.gaps) - SHOWN_GAPS} more" if len(table.gaps) > SHOWN_GAPS else ""
        if table.gaps and not options["allow_gaps"]:
            raise bad_input(
                f"{path}: rows are missing: {shown}{more}; add them, or say --allow-gaps to go on "
                "without them (nothing is filled in)"
            )
        if table.gaps:
            self.stderr.write(f"{path}: goes on over missing rows: {shown}{more}")
        if table.interval_seconds is None:
            self.stderr.write(f"{path}: times keep no regular interval, so gaps cannot be told")
        return table, sha256

    def _replay(
        self, file: PolicyFile, table: PriceTable, settings: BacktestSettings, choice: EngineChoice
    ) -> tuple[Replay, str]:
        """With a bar on standard error while somebody looks at it."""
        console = Console(file=sys.stderr)
        columns = (
            TextColumn("replaying"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} rows"),
            TimeRemainingColumn(),
        )
        with Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("replaying", total=len(table.rows))
            return run_backtest(
                file=file,
                table=table,
                settings=settings,
                choice=choice,
                progress=lambda row: bar.update(task, completed=row),
            )


def summary(result: dict[str, Any]) -> str:
    """For a person at a terminal."""
    totals, inputs, engine = result["totals"], result["inputs"], result["engine"]
    held = result["baselines"]["never_rebalanced"]
    drawdown = f"largest fall {percent(totals['max_drawdown'])}"
    rows = (
        ("period", f"{inputs['first_time']} to {inputs['last_time']}, {inputs['rows']} rows"),
        ("engine", f"{engine['name']} ({engine['reason']})"),
        ("final value", f"{usd(totals['final_usd'])} ({percent(totals['return'])}), {drawdown}"),
        ("never rebalanced", f"{usd(held['final_usd'])} ({percent(held['return'])})"),
        (
            "rebalances",
            f"{totals['rebalances']} with the first purchase, {totals['trades']} trades, "
            f"{totals['expired']} expired, {totals['pending']} pending",
        ),
        ("turnover", usd(totals["turnover_usd"])),
        (
            "cost",
            f"{usd(totals['cost_usd'])}: fees {usd(totals['fee_usd'])}, "
            f"gas {usd(totals['gas_usd'])}",
        ),
    )
    return "".join(f"{name:<18}{text}\n" for name, text in rows)


def usd(text: str) -> str:
    return f"{Decimal(text):,.2f} USD"


def percent(text: str) -> str:
    return f"{Decimal(text):+.2%}"
