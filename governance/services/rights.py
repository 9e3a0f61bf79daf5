"""Where a person may do something: by the roles they hold, and as a signer by owning the Safe
now."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from governance.core.roles import MATRIX, Role
from governance.models import User
from governance.selectors import people
from governance.services.signers import OwnersUnknownError, signers_of
from treasury.core.types import Address
from treasury.selectors.portfolio import signing_safes

MAIN = "MAIN"


class Rights:
    """What one person may do where. Grants, wallets and, when being a signer would matter, the
    owners on the chain are read once, however many actions are asked for: keep it for one request
    and no longer."""

    def __init__(self, *, user: User, rpc_url: str) -> None:
        self._user = user
        self._rpc_url = rpc_url

    def where(self, action: str) -> frozenset[int]:
        """Treasuries in which the person may take the action. OwnersUnknownError when only being a
        signer would allow it and the chain does not answer."""
        allowed = people.allowed_treasuries(roles=self._granted, action=action)
        if not self.wallets or action not in MATRIX[Role.SIGNER]:
            return allowed
        try:
            return allowed | self._signer_of
        except OwnersUnknownError:
            if not allowed:
                raise
            return allowed

    def roles(self) -> dict[int, frozenset[Role]]:
        """All roles by treasury, SIGNER among them. OwnersUnknownError when the chain does not
        answer."""
        found = dict(self._granted)
        for treasury_id in self._signer_of if self.wallets else ():
            found[treasury_id] = found.get(treasury_id, frozenset()) | {Role.SIGNER}
        return found

    @property
    def wallets(self) -> frozenset[str]:
        return self._person[1]

    @cached_property
    def signs_for(self) -> frozenset[Address]:
        """Safes (main and operator) for which one of the wallets signs, as an owner or within an
        owner that is a Safe. OwnersUnknownError when the chain does not answer."""
        safes = [Address(safe.address) for safe in self._safes]
        found = signers_of(safes, rpc_url=self._rpc_url)
        return frozenset(safe for safe, who in found.items() if self.wallets & who.everybody)

    @property
    def _granted(self) -> dict[int, frozenset[Role]]:
        return self._person[0]

    @cached_property
    def _person(self) -> tuple[dict[int, frozenset[Role]], frozenset[str]]:
        return people.roles_and_wallets(user=self._user)

    @cached_property
    def _safes(self) -> list[Any]:
        return list(signing_safes()) if self.wallets else []

    @cached_property
    def _signer_of(self) -> frozenset[int]:
        ours = self.signs_for
        main = [safe for safe in self._safes if safe.kind == MAIN]
        return frozenset(safe.treasury_id for safe in main if safe.address in ours)


def treasuries_where(*, user: User, action: str, rpc_url: str) -> frozenset[int]:
    """Treasuries in which the person may take the one action."""
    return Rights(user=user, rpc_url=rpc_url).where(action)
