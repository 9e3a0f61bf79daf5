"""`manage.py add_person NAME --role ROLE`: an account by whoever may enter this machine, for the
first two administrators. Everybody else is asked for and granted on the page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from governance.core.roles import Role
from governance.selectors.people import user_by_name
from governance.services.identity.administration import GRANTABLE, first_password
from governance.services.identity.people import create_user, grant_role
from treasury.core.types import Actor, ActorKind
from treasury.selectors.portfolio import treasuries

OPERATOR = Actor(ActorKind.SYSTEM, "manage.py add_person")
REFUSED = 2


class Command(BaseCommand):
    help = "Make an account with one role, and print the link to its first password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")
        parser.add_argument(
            "--role",
            required=True,
            choices=[role.value for role in GRANTABLE],
            help="to begin with",
        )
        parser.add_argument("--treasury", help="its name; not needed while there is only one")

    def handle(self, *_: Any, **options: Any) -> None:
        found = [row for row in treasuries() if options["treasury"] in (None, row.name)]
        if len(found) != 1:
            names = ", ".join(row.name for row in treasuries()) or "none yet"
            raise CommandError(f"--treasury must name one of: {names}", returncode=REFUSED)
        if user_by_name(options["name"]) is not None:
            raise CommandError(f"{options['name']} exists already", returncode=REFUSED)
        user = create_user(username=options["name"], password=None, actor=OPERATOR)
        grant_role(user=user, treasury_id=found[0].pk, role=Role(options["role"]), actor=OPERATOR)
        path = reverse("login-first", args=first_password(user))
        self.stdout.write(settings.SITE_URL + path)
        self.stderr.write("Good for a day and once. Whoever holds it sets the password.")
