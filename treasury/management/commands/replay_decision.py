"""`manage.py replay_decision dec_...`: does the engine still decide as it did, from the stored
inputs?"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError, CommandParser

from treasury.core.revival import RevivalError
from treasury.selectors.decisions import decision_by_public_id, replay_decision

DIFFERS, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = (
        "Replays a stored decision from its own inputs. Exit 0: the same, 1: different, 2: unknown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("decision", help="public id, dec_...")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            row = decision_by_public_id(options["decision"])
        except ObjectDoesNotExist:
            raise CommandError(f"no decision {options['decision']}", returncode=UNKNOWN) from None
        try:
            replay = replay_decision(row)
        except RevivalError as error:
            raise CommandError(f"the stored row is damaged: {error}", returncode=DIFFERS) from error
        self.stdout.write(f"decision  {row.public_id}")
        self.stdout.write(f"stored    {replay.stored_digest}")
        self.stdout.write(f"replayed  {replay.replayed_digest}")
        if replay.differences or replay.stored_digest != replay.replayed_digest:
            parts = ", ".join(replay.differences)
            raise CommandError(f"different: {parts}", returncode=DIFFERS)
        self.stdout.write("the same")
