"""`manage.py verify_audit`: recomputes the audit chain. The offline twin needs no Django."""

from __future__ import annotations

from pathlib import Path
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

        parser.add_argument(
            "--anchors",
            metavar="FILE",
            help="a file of anchors that was kept outside, ID:HASH a line; # begins a comment",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        verdict = verify_chain(_anchors([*options["anchor"], *_lines(options["anchors"])]))
        if verdict.first_bad_id is not None:
            raise CommandError(
                f"first bad id {verdict.first_bad_id}: {verdict.problem}", returncode=BROKEN
            )
        self.stdout.write(f"whole: {verdict.count} events")
        self.stdout.write(f"anchor {verdict.last_id}:{verdict.last_hash}")


def _lines(name: str | None) -> list[str]:
    """The anchors of a file; its header and the proofs behind `#` are for other readers."""
    if name is None:
        return []
    try:
        text = Path(name).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    found = [line.partition("#")[0].strip() for line in text.splitlines()]
    if not any(found):
        raise CommandError(f"{name} has no anchor: a check against nothing proves nothing")
    return [line for line in found if line]


def _anchors(texts: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for text in texts:
        number, value = _anchor(text)
        if found.setdefault(number, value) != value:
            raise CommandError(f"two anchors of event {number} contradict each other")
    return found


def _anchor(text: str) -> tuple[int, str]:
    number, _, value = text.partition(":")
    if not number.isdecimal() or not value:
        raise CommandError(f"an anchor is ID:HASH, not {text!r}")
    return int(number), value
