"""`manage.py export_journal --format beancount --output books.beancount`: the whole journal of a
treasury."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError, CommandParser

from treasury.adapters.exports.registry import FORMATS
from treasury.selectors.journal import journal_book
from treasury.selectors.portfolio import treasury_named


class Command(BaseCommand):
    help = "Writes the journal of a treasury in a format that accounting tools read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), default="csv")
        parser.add_argument("--output", default="-", metavar="FILE", help="- for standard output")
        parser.add_argument(
            "--treasury", default="", help="name or public id; needed where there are several"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            treasury = treasury_named(options["treasury"])
        except ObjectDoesNotExist:
            raise CommandError("name one treasury with --treasury") from None
        book = journal_book(treasury_id=treasury.id)
        text = FORMATS[options["format"]].render(book)
        if options["output"] == "-":
            self.stdout.write(text)
        else:
            Path(options["output"]).write_text(text, encoding="utf-8", newline="")
            self.stderr.write(f"{len(book.entries)} entries -> {options['output']}")
