"""Who somebody is: roles per treasury, wallets, names."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Value

from governance.core.roles import MATRIX, Role
from governance.models import RoleGrant, User, Wallet

NO_TREASURY = 0


def granted_roles(*, user: User) -> dict[int, frozenset[Role]]:
    """Granted roles by treasury. SIGNER is not among them: it follows from the chain."""
    found: dict[int, set[Role]] = {}
    for treasury_id, role in RoleGrant.objects.filter(user=user).values_list("treasury_id", "role"):
        found.setdefault(treasury_id, set()).add(Role(role))
    return {treasury_id: frozenset(roles) for treasury_id, roles in found.items()}


def roles_and_wallets(*, user: User) -> tuple[dict[int, frozenset[Role]], frozenset[str]]:
    """What `granted_roles` and `wallets` say, in one query."""
    grants = RoleGrant.objects.filter(user=user).values_list("treasury_id", "role")
    own = Wallet.objects.filter(user=user).values_list(Value(NO_TREASURY), "address")
    roles: dict[int, set[Role]] = {}
    addresses = set()
    for treasury_id, text in grants.union(own, all=True):
        if treasury_id == NO_TREASURY:
            addresses.add(text)
        else:
            roles.setdefault(treasury_id, set()).add(Role(text))
    return {key: frozenset(held) for key, held in roles.items()}, frozenset(addresses)


def allowed_treasuries(*, roles: dict[int, frozenset[Role]], action: str) -> frozenset[int]:
    """Treasuries in which the roles allow the action."""
    return frozenset(
        treasury_id
        for treasury_id, held in roles.items()
        if any(action in MATRIX[role] for role in held)
    )


def wallets(*, user: User) -> frozenset[str]:
    return frozenset(Wallet.objects.filter(user=user).values_list("address", flat=True))


def user_of_wallet(address: str) -> User | None:
    wallet = Wallet.objects.filter(address=address).select_related("user").first()
    return wallet.user if wallet else None


def names_of_wallets(addresses: Iterable[str]) -> dict[str, str]:
    """Address -> user name, for those we know."""
    rows = Wallet.objects.filter(address__in=list(addresses)).select_related("user")
    return {row.address: row.user.get_username() for row in rows}


def user_by_name(username: str) -> User | None:
    return User.objects.filter(username=username).first()
