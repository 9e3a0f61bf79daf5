"""`manage.py verify_audit`: recomputes the audit chain. The offline twin needs no Django."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from treasury.selectors.audit import verify_chain

BROKEN = 2


class Command(BaseCommand):
    help = (
        "Checks every event of the audit chain. Exit 0: whole, 2: broken (prints the first bad id)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="ID:HASH",
            help="an event's hash that was kept outside the database; may be given several times",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        verdict = verify_chain(dict(_anchor(text) for text in options["anchor"]))
        if verdict.first_bad_id is not None:
            raise CommandError(
                f"first bad id {verdict.first_bad_id}: {verdict.problem}", returncode=BROKEN
            )
        self.stdout.write(f"whole: {verdict.count} events")
        self.stdout.write(f"anchor {verdict.last_id}:{verdict.last_hash}")


def _anchor(text: str) -> tuple[int, str]:
    number, _, value = text.partition(":")
    if not number.isdecimal() or not value:
        raise CommandError(f"an anchor is ID:HASH, not {text!r}")
    return int(number), value
