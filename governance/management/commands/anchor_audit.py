"""`manage.py anchor_audit`: one signed line more about where the audit chain stands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.adapters.anchor_file import AnchorFileError, create_key
from governance.services.registers.anchoring import AnchorPlaces, anchor_audit

REFUSED = 2


class Command(BaseCommand):
    help = "Appends the newest audit event to the signed file in AUDIT_ANCHOR_DIR."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key",
            action="store_true",
            help="make the key file AUDIT_ANCHOR_KEYFILE and print the public key; anchor nothing",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if not settings.AUDIT_ANCHOR_DIR or not settings.AUDIT_ANCHOR_KEYFILE:
            raise CommandError(
                "AUDIT_ANCHOR_DIR and AUDIT_ANCHOR_KEYFILE are not set: name a folder that the"
                " owner of the database cannot write to, and a file for the key",
                returncode=REFUSED,
            )
        places = AnchorPlaces(Path(settings.AUDIT_ANCHOR_DIR), Path(settings.AUDIT_ANCHOR_KEYFILE))
        try:
            if options["new_key"]:
                self.stdout.write(f"ed25519={create_key(places.key_file)}")
                self.stderr.write("Publish this key: who checks the anchors needs it.")
                return
            written = anchor_audit(places=places, now=datetime.now(UTC))
        except AnchorFileError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self.stdout.write(written.line if written else "nothing new since the latest anchor")
