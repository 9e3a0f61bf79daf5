"""Keys of machines: issue one, shown once; take one away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone

from governance.core.identity.networks import NetworkError, canonical_networks
from governance.selectors.registers.integrations import token_by_public_id
from governance.services.identity import IdentityError, issue_token, revoke_token
from governance.services.identity.tokens import LONGEST_LIFE
from governance.web.base import Page
from governance.web.registers.live import chosen
from treasury.core import access
from treasury.selectors.portfolio import tiers

REFUSED: Final = 422
LOCAL_CHAIN_ID: Final = 31337
NAME_MAX: Final = 80
NETWORKS_MAX: Final = 20

SCOPE_WORDS: Final[Mapping[str, str]] = {
    access.TREASURY_READ: "Read balances, prices, snapshots and halts",
    access.POLICY_READ: "Read the policies",
    access.LEDGER_READ: "Read the books",
    access.EXPORT_READ: "Read exports",
    access.PROPOSAL_READ: "Read proposals and what there is to verify",
    access.PROPOSAL_WRITE: "Ask for a check, which may make a proposal; it never approves one",
    access.AUDIT_READ: "Read the audit trail",
    access.EVENTS_READ: "Read events",
    access.BREAKER_TRIP: "Pull the brake; it can never release it",
}
"""What a key with the scope may do, as its issuer reads it."""


class TokenIssue(Page):
    """The form, and the only page that ever shows the secret."""

    required_action = access.IDENTITY_WRITE
    step_up_methods = frozenset({"POST"})
    template_name = "governance/registers/token_issue.html"
    title = "New token"

    def context(self) -> dict[str, Any]:
        treasury = chosen(self)
        return {
            "treasury": treasury,
            "scopes": [(name.replace(".", ":"), words) for name, words in SCOPE_WORDS.items()],
            "tiers": list(tiers(treasury.pk).values_list("public_id", "name")),
            "latest_day": (timezone.now() + LONGEST_LIFE - timedelta(days=1)).date(),
            "given": {},
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        treasury, given, now = chosen(self), request.POST, timezone.now()
        expires_at = _end_of(given.get("expires_at", ""))
        networks = [text for text in re.split(r"[\s,]+", given.get("networks", "")) if text]
        wanted = given.get("tier", "")
        tier = tiers(treasury.pk).filter(public_id=wanted).first() if wanted else None
        problems = _problems(given, expires_at=expires_at, networks=networks, now=now)
        if wanted and tier is None:
            problems["tier"] = "Choose a tier of this treasury, or all of them."
        if problems or expires_at is None:
            return self._asked_again(given, problems)
        try:
            issued = issue_token(
                treasury_id=treasury.pk,
                name=given["name"].strip(),
                scopes=given.getlist("scopes"),
                expires_at=expires_at,
                now=now,
                is_live=settings.CHAIN_ID != LOCAL_CHAIN_ID,
                actor=self.actor,
                tier_id=tier.pk if tier else None,
                networks=networks,
                issuer=self.user,
            )
        except IdentityError as error:
            return self._asked_again(given, {"": f"{error}."})
        shown = {
            "said": "Issued.",
            "secret": issued.secret,
            "name": issued.token.name,
            "path": reverse("integrations") + "#tokens",
        }
        answer = self.shown("governance/registers/secret.html", shown)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _asked_again(self, given: QueryDict, problems: dict[str, str]) -> HttpResponse:
        more = {"given": given, "chosen": given.getlist("scopes"), "problems": problems}
        return self.shown(self.template_name, self.context() | more, REFUSED)


class TokenRevocation(Page):
    """Taking a key away needs no second look."""

    required_action = access.IDENTITY_WRITE
    title = "Revoke a token"

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("integrations"))

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        token = token_by_public_id(
            treasury_ids=self.treasury_ids, public_id=self.kwargs["public_id"]
        )
        if token is None:
            raise Http404
        revoke_token(token=token, now=timezone.now(), actor=self.actor)
        messages.success(request, f"{token.name} can do nothing any more.")
        return HttpResponseRedirect(reverse("integrations") + "#tokens")


def _problems(
    given: QueryDict, *, expires_at: datetime | None, networks: list[str], now: datetime
) -> dict[str, str]:
    """By field, all of them at once."""
    found = {}
    name, scopes = given.get("name", "").strip(), given.getlist("scopes")
    if not name:
        found["name"] = "Say what it is for: the name stands in the audit trail."
    elif len(name) > NAME_MAX:
        found["name"] = f"At most {NAME_MAX} characters; these are {len(name)}."
    elif not name.isprintable():
        found["name"] = "One line of visible characters."
    if not scopes:
        found["scopes"] = "Choose at least one: a token without a scope can do nothing."
    elif not {scope.replace(":", ".") for scope in scopes} <= set(SCOPE_WORDS):
        found["scopes"] = "Choose from this list only."
    if expires_at is None:
        found["expires_at"] = "A day, for example 2027-03-31."
    elif not now < expires_at <= now + LONGEST_LIFE:
        found["expires_at"] = "Not in the past, and at most a year from now."
    if len(networks) > NETWORKS_MAX:
        found["networks"] = f"At most {NETWORKS_MAX} networks; these are {len(networks)}."
    else:
        try:
            canonical_networks(networks)
        except NetworkError as error:
            found["networks"] = f"{error}."
    return found


def _end_of(text: str) -> datetime | None:
    """The end of that day, UTC; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
