"""`manage.py lots --method hifo --input FILE.json --output FILE.json`: which lots each disposal
takes."""

from __future__ import annotations

import json
import re
from argparse import ArgumentTypeError
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from treasury.core.lots import (
    HistoryMethod,
    HistoryRules,
    history_document,
    match_history,
    parse_events,
)
from treasury.core.revival import RevivalError
from treasury.management.collecting import without_cycle_collector
from treasury.management.files import bad_input, read_document, write_document

RATE = re.compile(r"0(\.[0-9]{1,18})?|1(\.0{1,18})?", re.ASCII)
DAYS = re.compile(r"[0-9]{1,6}", re.ASCII)


def rate(text: str) -> Decimal:
    if not RATE.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no fraction from 0 to 1; write 0.37 for 37 %")
    return Decimal(text)


def days(text: str) -> int:
    if not DAYS.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no number of days; write a whole number such as 365")
    return int(text)


class Command(BaseCommand):
    help = (
        "Matches the disposals of docs/schemas/lots.input.schema.json with tax lots, one pool per "
        "asset. Needs no database. Exit 0: written (see its `incomplete`), 2: bad input."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--method", required=True, choices=[str(item) for item in HistoryMethod]
        )
        parser.add_argument("--input", required=True, metavar="FILE.json")
        parser.add_argument(
            "--output", required=True, metavar="FILE.json", help="- for standard output"
        )
        parser.add_argument(
            "--short-rate", type=rate, default=Decimal("0.37"), metavar="FRACTION",
            help="tax on short-term gains, for min_tax (default 0.37)",
        )  # fmt: skip
        parser.add_argument(
            "--long-rate", type=rate, default=Decimal("0.20"), metavar="FRACTION",
            help="tax on long-term gains, for min_tax (default 0.20)",
        )  # fmt: skip
        parser.add_argument(
            "--long-term-days", type=days, default=365, metavar="DAYS",
            help="long term is held for more than so many days of 24 hours (default 365)",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        with without_cycle_collector():
            self._match(options)

    def _match(self, options: dict[str, Any]) -> None:
        source = options["input"]
        rules = HistoryRules(
            method=HistoryMethod(options["method"]),
            short_rate=options["short_rate"],
            long_rate=options["long_rate"],
            long_term_days=options["long_term_days"],
        )
        try:
            events = parse_events(read_document(source))
        except RevivalError as error:
            raise bad_input(f"{source}: {error}") from error
        history = match_history(events, rules)
        text = json.dumps(history_document(history), sort_keys=True, separators=(",", ":")) + "\n"
        if options["output"] == "-":
            self.stdout.write(text, ending="")
        else:
            write_document(options["output"], text)
        if history.incomplete:
            self.stderr.write(
                f"{len(history.incomplete)} disposals found too few lots and are booked at cost 0 "
                "for the rest: add what was acquired before them (see `incomplete`)"
            )
