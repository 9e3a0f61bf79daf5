"""Who people and machines are, and how each proves it."""

from governance.services.identity.errors import IdentityError, TokenRefusedError
from governance.services.identity.people import add_wallet, create_user, grant_role, own_tier
from governance.services.identity.tokens import (
    IssuedToken,
    authenticate_token,
    issue_token,
    revoke_token,
)

__all__ = [
    "IdentityError",
    "IssuedToken",
    "TokenRefusedError",
    "add_wallet",
    "authenticate_token",
    "create_user",
    "grant_role",
    "issue_token",
    "own_tier",
    "revoke_token",
]
