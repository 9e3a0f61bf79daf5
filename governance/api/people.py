"""Who is calling and at which block, as the services want it."""

from __future__ import annotations

from django.conf import settings
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from governance.adapters.chain import head_block
from governance.models import ApiToken, User
from treasury.core.types import Actor, ActorKind, BlockRef


def actor_of(request: Request) -> Actor:
    """A person by user name, a token by its prefix. Nobody else acts."""
    if isinstance(request.auth, ApiToken):
        return Actor(ActorKind.TOKEN, request.auth.prefix)
    if isinstance(request.user, User):
        return Actor(ActorKind.PERSON, request.user.get_username())
    raise NotAuthenticated


def person_of(request: Request) -> User:
    """For what only people do: a token is refused here too, whatever the matrix says."""
    if isinstance(request.auth, ApiToken) or not isinstance(request.user, User):
        raise PermissionDenied("Only a person may do this.")
    return request.user


def rpc_url() -> str:
    return str(settings.RPC_URLS[0])


def now_block() -> BlockRef:
    return head_block(rpc_url())
