"""The first administrators come by a command."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from governance.models import RoleGrant, User
from tests.integration.governance.conftest import Stage
from tests.integration.governance.identity.conftest import Browser


def test_add_person__prints_the_link__once_per_name(stage: Stage, browser: Browser) -> None:
    out = StringIO()
    call_command("add_person", "anton", role="ADMIN", stdout=out, stderr=StringIO())
    link = out.getvalue().strip()
    assert link.startswith("http://127.0.0.1:8000/login/first/")
    path = link.removeprefix("http://127.0.0.1:8000")
    assert browser.client.get(path).status_code == 302
    assert RoleGrant.objects.get(user__username="anton").role == "ADMIN"
    with pytest.raises(CommandError, match="exists already"):
        call_command("add_person", "anton", role="ADMIN")
    assert User.objects.filter(username="anton").count() == 1
