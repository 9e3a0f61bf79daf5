"""`manage.py export_audit --output audit.jsonl`: the audit chain for the offline verifier."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from treasury.management.files import write_document
from treasury.selectors.audit import export_lines


class Command(BaseCommand):
    help = "Writes every audit event as one line of JSON, for docs/verify/verify_audit.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", default="-", metavar="FILE", help="- for standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        lines = [line + "\n" for line in export_lines()]
        if options["output"] == "-":
            self.stdout.write("".join(lines), ending="")
            return
        write_document(options["output"], "".join(lines))  # whole or not at all
        self.stderr.write(f"{len(lines)} events -> {options['output']}")
