"""Bearer tokens of machines. People come by session (DRF's own class, with CSRF)."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.core.identity.networks import client_address
from governance.models import ApiToken
from governance.services.identity import TokenRefusedError, authenticate_token

LOCAL_CHAIN_ID = 31337
KEYWORD = "Bearer"


@dataclass(frozen=True, slots=True)
class Machine:
    """Stands in `request.user` for a token: authenticated, and nobody."""

    token: ApiToken
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True
    is_staff: bool = False

    @property
    def pk(self) -> str:
        """What throttles count by."""
        return self.token.prefix


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ballast_live_...`; `ballast_test_...` on the local chain only.
    Never from a cookie or the query string."""

    def authenticate(self, request: Request) -> tuple[Machine, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD.lower().encode():
            return None
        try:
            (_, secret) = (part.decode("ascii") for part in parts)
            token = authenticate_token(
                secret=secret,
                now=timezone.now(),
                allow_test=settings.CHAIN_ID == LOCAL_CHAIN_ID,
                address=client_address(
                    peer=request.META.get("REMOTE_ADDR", ""),
                    forwarded_for=request.headers.get("X-Forwarded-For", ""),
                    trusted_proxies=settings.TRUSTED_PROXIES,
                ),
            )
        except (ValueError, TokenRefusedError):
            raise AuthenticationFailed("The token is unknown, ended or not for here.") from None
        return Machine(token), token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD
