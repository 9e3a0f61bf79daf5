"""The role x action matrix at the door of every view of every package.

A view names `required_action`; a method may need another one: `method_actions = {"POST": ...}`.
People act by the roles they hold in the object's treasury, signers by owning its Safe now,
tokens by their scopes. The treasuries in which the caller may act stand in
`request.treasury_ids` (None for public and for self-proving actions), and `TreasuryScope` keeps
lists to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from governance.core.identity.sessions import PROVED_AT, is_fresh, moment
from governance.core.roles import Role
from governance.models import ApiToken, User
from governance.selectors import people
from governance.services.identity.errors import StepUpRequiredError
from governance.services.rights import treasuries_where
from governance.services.signers import signer_treasuries
from treasury.core import access

if TYPE_CHECKING:
    # The framework loads its default permission class while it imports its views.
    from rest_framework.views import APIView

SELF_PROVING = frozenset({access.PROPOSAL_CONFIRM})
"""The signature inside the request is its own proof (G8): nobody is asked for, everybody is
throttled."""

PATHS_TO_TREASURY = (
    "treasury_id",
    "tier.treasury_id",
    "asset.treasury_id",
    "snapshot.treasury_id",
    "account.treasury_id",
    "entry.treasury_id",
    "proposal.tier.treasury_id",
    "plan.tier.treasury_id",
    "transaction.plan.tier.treasury_id",
    "safe_transaction.plan.tier.treasury_id",
    "decision.tier.treasury_id",
    "scope.treasury_id",
    "lot.treasury_id",
    "source.asset.treasury_id",
)


PATHS_TO_TIER = ("tier_id", "scope.tier_id")
"""Of the kinds of rows that a token narrowed to one tier may see."""


class RoleMatrix(BasePermission):
    """`needs_fresh_proof` on a view: whoever changes something there has shown within the last
    minutes that it is them. `narrows_to_tier`: the view keeps a narrowed token to its tier; every
    other view refuses it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        action = action_of(request, view)
        if action == access.PUBLIC or action in SELF_PROVING:
            request.treasury_ids = None  # type: ignore[attr-defined]
            return True
        token: Any = request.auth
        if isinstance(token, ApiToken):
            allowed = _of_token(token, action)
            if token.tier_id is not None and not getattr(view, "narrows_to_tier", False):
                allowed = frozenset()
        elif isinstance(request.user, User):
            allowed = treasuries_where(
                user=request.user, action=action, rpc_url=settings.RPC_URLS[0]
            )
        else:
            allowed = frozenset()
        request.treasury_ids = allowed  # type: ignore[attr-defined]
        if allowed and request.method not in SAFE_METHODS:
            _require_fresh_proof(request, view)
        return bool(allowed)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        allowed: frozenset[int] | None = getattr(request, "treasury_ids", frozenset())
        return allowed is None or (treasury_of(obj) in allowed and is_in_tier(request, obj))


class TreasuryScope(BaseFilterBackend):
    """Lists show rows of treasuries in which the caller may act; others are as if they did not
    exist."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        allowed: frozenset[int] | None = getattr(request, "treasury_ids", frozenset())
        path = path_to_treasury(queryset.model)
        if allowed is None:
            return queryset
        if path is None:
            return queryset.none()
        scoped = queryset.filter(**{f"{path}__in": allowed})
        tier_id = narrowed_tier(request)
        if tier_id is None:
            return scoped
        names = {field.name for field in queryset.model._meta.concrete_fields}
        return scoped.filter(**{"tier" if "tier" in names else "scope__tier": tier_id})


def narrowed_tier(request: Request) -> int | None:
    """The one tier of a narrowed token; None for everybody else."""
    return request.auth.tier_id if isinstance(request.auth, ApiToken) else None


def is_in_tier(request: Request, obj: Any) -> bool:
    """Whether the row belongs to the tier that the caller is kept to. A row of no tier does not."""
    tier_id = narrowed_tier(request)
    if tier_id is None:
        return True
    for path in PATHS_TO_TIER:
        value: Any = obj
        for step in path.split("."):
            value = getattr(value, step, None)
        if value is not None:
            return bool(value == tier_id)
    return False


def _require_fresh_proof(request: Request, view: APIView) -> None:
    if not getattr(view, "needs_fresh_proof", False):
        return
    if not is_fresh(proved_at=moment(request.session, PROVED_AT), now=timezone.now()):
        raise StepUpRequiredError


def action_of(request: Request, view: APIView) -> str:
    """The action that this request needs; a view that names none is refused by an architecture test
    and here."""
    by_method: dict[str, str] = getattr(view, "method_actions", {})
    return by_method.get(request.method or "", getattr(view, "required_action", ""))


def treasury_of(obj: Any) -> int | None:
    """The treasury a row belongs to, None when no path leads there (nobody may then act on it)."""
    if obj._meta.label_lower == "treasury.treasury":
        return int(obj.pk)
    for path in PATHS_TO_TREASURY:
        value: Any = obj
        for step in path.split("."):
            value = getattr(value, step, None)
        if value is not None:
            return int(value)
    return None


def path_to_treasury(model: type[Model]) -> str | None:
    """The same as a lookup for a QuerySet."""
    if model._meta.label_lower == "treasury.treasury":
        return "pk"
    for path in PATHS_TO_TREASURY:
        current: Any = model
        for step in path.split("."):
            names = {field.attname: field for field in current._meta.concrete_fields}
            names |= {field.name: field for field in current._meta.concrete_fields}
            if step not in names:
                break
            current = names[step].related_model
        else:
            return path.replace(".", "__")
    return None


def roles_of(request: Request, treasury_id: int) -> frozenset[Role]:
    """All roles of the person in one treasury, signer included."""
    if not isinstance(request.user, User):
        return frozenset()
    held = people.granted_roles(user=request.user).get(treasury_id, frozenset())
    wallets = people.wallets(user=request.user)
    signs = signer_treasuries(wallets=wallets, rpc_url=settings.RPC_URLS[0]) if wallets else ()
    return held | {Role.SIGNER} if treasury_id in signs else held


def _of_token(token: ApiToken, action: str) -> frozenset[int]:
    scope = action.replace(".", ":")
    if action in access.SCOPES and scope in token.scopes:
        return frozenset({token.treasury_id})
    return frozenset()
