"""`manage.py reset_halt HALT --person NAME --reason TEXT`: one of the two people whom it takes.

The person proves to be the person by their password, asked for on the terminal. There
is no page for it yet; the REST API does the same from a signed-in person's session.
"""

from __future__ import annotations

import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.adapters.chain import head_block
from governance.core.roles import may
from governance.models import User
from governance.selectors.halts import halt_by_public_id
from governance.selectors.people import granted_roles
from governance.services.halts import HaltError, close
from treasury.core.access import BREAKER_RESET
from treasury.core.types import Actor, ActorKind

REFUSED = 2


class Command(BaseCommand):
    help = (
        "Ask for the end of a halt, or agree to it. Takes two people, each by their own password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("halt", help="its id, halt_...")
        parser.add_argument("--person", required=True, help="user name")
        parser.add_argument("--reason", required=True, help="what was looked at")

    def handle(self, *_: Any, **options: Any) -> None:
        halt = halt_by_public_id(options["halt"])
        if halt is None:
            raise CommandError(f"there is no halt {options['halt']}", returncode=REFUSED)
        person = authenticate(username=options["person"], password=getpass.getpass())
        if not isinstance(person, User):
            raise CommandError("name and password do not fit", returncode=REFUSED)
        roles = granted_roles(user=person).get(halt.scope.treasury_id, frozenset())
        if not may(roles, BREAKER_RESET):
            raise CommandError(f"{person} may not end halts here", returncode=REFUSED)
        try:
            closed = close(
                halt_id=halt.pk,
                user=person,
                reason=options["reason"],
                actor=Actor(ActorKind.PERSON, person.username),
                block=head_block(settings.RPC_URLS[0]),
            )
        except HaltError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self.stdout.write(
            "closed" if closed.closed_at is not None else "asked for: a second person has to agree"
        )
