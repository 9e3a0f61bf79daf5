"""Where a person may do something: by the roles they hold, and as a signer by owning the Safe
now."""

from __future__ import annotations

from governance.core.roles import MATRIX, Role
from governance.models import User
from governance.selectors import people
from governance.services.signers import OwnersUnknownError, signer_treasuries


def treasuries_where(*, user: User, action: str, rpc_url: str) -> frozenset[int]:
    """Treasuries in which the person may take the action; the chain is asked only when being a
    signer would matter."""
    allowed = people.allowed_treasuries(roles=people.granted_roles(user=user), action=action)
    wallets = people.wallets(user=user)
    if not wallets or action not in MATRIX[Role.SIGNER]:
        return allowed
    try:
        return allowed | signer_treasuries(wallets=wallets, rpc_url=rpc_url)
    except OwnersUnknownError:
        if not allowed:
            raise
        return allowed
