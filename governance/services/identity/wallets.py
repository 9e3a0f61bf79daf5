"""Proving by wallet: ask for a text, bring back its signature.

A text is taken by deleting it, in one statement, before its signature is judged: however often and
at once a signature comes, it is judged once. No transaction is open while the chain is asked.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, connection, transaction

from governance.adapters.wallet_proof import is_signed_by
from governance.core.identity.texts import LIFETIME, Purpose, SignInText, statement
from governance.models import SignInRequest, User, Wallet
from governance.selectors.people import user_of_wallet
from governance.services.identity.errors import (
    IdentityError,
    ProofUnavailableError,
    SignInRefusedError,
)
from governance.services.identity.people import add_wallet, create_user
from governance.services.signers import OwnersUnknownError, signer_treasuries
from treasury.adapters.rpc import RpcError, RpcUnavailableError, checksum
from treasury.core.types import Actor, ActorKind, Address
from treasury.services.record import record_audit

NONCE_CHARACTERS: Final = 24  # of 62: 142 bits
ALPHABET: Final = string.ascii_letters + string.digits
SIGNATURE_BYTES_MAX: Final = 8_192  # a Safe's with all its owners is far below
NAME_DIGITS: Final = 8
TAKE: Final = """
DELETE FROM governance_signinrequest
WHERE nonce = %s AND browser = %s AND purpose = %s AND user_id IS NOT DISTINCT FROM %s
RETURNING address, text, expires_at
"""


@dataclass(frozen=True, slots=True)
class Site:
    """From the settings, never from a request."""

    url: str
    chain_ids: frozenset[int]
    rpc_url: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Where a proof is asked for and must come back to: the browser by the secret in its cookie,
    the person when one is signed in."""

    browser_secret: str
    user: User | None = None

    @property
    def browser(self) -> str:
        return hashlib.sha256(self.browser_secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Proof:
    """What comes back. `signature` is 0x-hex as the person or the wallet wrote it."""

    nonce: str
    signature: str


# ------------------------------------------------------------------------------------ ask
def parse_address(text: str) -> Address:
    """A wallet's address as a person or a program writes it. Mixed case must be its checksum."""
    given = text.strip()
    try:
        address = checksum(given)
    except ValueError:
        address = None
    if address is None or len(given) != len(address):
        raise SignInRefusedError("This is no address: 0x and 40 hexadecimal digits.", "address")
    if given[2:] not in {given[2:].lower(), given[2:].upper(), address[2:]}:
        raise SignInRefusedError("The address is mistyped: its checksum does not fit.", "address")
    return address


def ask_for_text(
    *, address: Address, purpose: Purpose, asker: Asker, site: Site, chain_id: int, now: datetime
) -> SignInRequest:
    """A text for this account, good for five minutes and once. What ended unused is cleared."""
    if purpose is not Purpose.SIGN_IN and asker.user is None:
        raise SignInRefusedError("Sign in first.", "address")
    if chain_id not in site.chain_ids:
        raise SignInRefusedError(f"Signing in on chain {chain_id} is not allowed here.", "address")
    nonce = "".join(secrets.choice(ALPHABET) for _ in range(NONCE_CHARACTERS))
    text = SignInText(
        site_url=site.url,
        address=address,
        statement=statement(purpose, asker.user.get_username() if asker.user else ""),
        chain_id=chain_id,
        nonce=nonce,
        issued_at=now,
        expires_at=now + LIFETIME,
    )
    SignInRequest.objects.filter(expires_at__lte=now).delete()
    return SignInRequest.objects.create(
        nonce=nonce,
        browser=asker.browser,
        purpose=purpose.value,
        user=asker.user,
        address=address,
        text=str(text),
        expires_at=text.expires_at,
    )


# ------------------------------------------------------------------------------------ prove
def sign_in(*, proof: Proof, asker: Asker, site: Site, now: datetime) -> User:
    """Whose wallet it is. A wallet that signs for a treasury now and is new here gets an account;
    one that signs nowhere is refused."""
    address = _proven(proof, Purpose.SIGN_IN, asker, site, now)
    user = user_of_wallet(address) or _new_signer(address, site)
    if not user.is_active:
        raise SignInRefusedError("This account is closed. An administrator can open it again.")
    return user


def attach(*, proof: Proof, asker: Asker, site: Site, now: datetime) -> Wallet:
    """Another wallet for the person who is signed in."""
    user = _signed_in(asker)
    address = _proven(proof, Purpose.ATTACH, asker, site, now)
    actor = Actor(ActorKind.PERSON, user.get_username())
    try:
        return add_wallet(user=user, address=address, actor=actor)
    except IdentityError as error:
        raise SignInRefusedError(
            f"{address} belongs to another account here already.", "address"
        ) from error


def prove(*, proof: Proof, asker: Asker, site: Site, now: datetime) -> Address:
    """That the person who is signed in is here now, by a wallet of theirs."""
    user = _signed_in(asker)
    address = _proven(proof, Purpose.PROVE, asker, site, now)
    owner = user_of_wallet(address)
    if owner is None or owner.pk != user.pk:
        raise SignInRefusedError(f"{address} is not one of your wallets.")
    return address


def _signed_in(asker: Asker) -> User:
    if asker.user is None:
        raise SignInRefusedError("Sign in first.")
    return asker.user


def _proven(proof: Proof, purpose: Purpose, asker: Asker, site: Site, now: datetime) -> Address:
    signature = _signature_bytes(proof.signature)
    user_id = asker.user.pk if asker.user else None
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [proof.nonce, asker.browser, purpose.value, user_id])
        taken = cursor.fetchone()
    if taken is None:
        raise SignInRefusedError(
            "This text was used already, or belongs to another browser. Ask for a new one."
        )
    address, text, expires_at = taken
    if expires_at <= now:
        raise SignInRefusedError("The five minutes for signing are over. Ask for a new text.")
    try:
        holds = is_signed_by(address=address, text=text, signature=signature, rpc_url=site.rpc_url)
    except (RpcError, RpcUnavailableError) as error:
        raise ProofUnavailableError(
            "The signature cannot be judged now: the chain does not answer. Ask for a new text "
            "in a minute."
        ) from error
    if not holds:
        raise SignInRefusedError(
            f"The signature is not {address}'s over this text. Check which account is open in the "
            "wallet, then ask for a new text."
        )
    return Address(address)


def _signature_bytes(text: str) -> bytes:
    try:
        signature = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        signature = b""
    if not 0 < len(signature) <= SIGNATURE_BYTES_MAX:
        raise SignInRefusedError("This is no signature: 0x and hexadecimal digits are expected.")
    return signature


def _new_signer(address: Address, site: Site) -> User:
    try:
        treasuries = signer_treasuries(wallets=frozenset({address}), rpc_url=site.rpc_url)
    except OwnersUnknownError as error:
        raise ProofUnavailableError(str(error)) from error
    if not treasuries:
        raise SignInRefusedError(
            f"{address} signs for no treasury here and belongs to no account. If it is yours, "
            "sign in another way and attach it under Account.",
            "address",
        )
    actor = Actor(ActorKind.PERSON, address)
    try:
        with transaction.atomic():
            user = create_user(username=_free_name(address), password=None, actor=actor)
            add_wallet(user=user, address=address, actor=actor)
    except (IntegrityError, IdentityError):
        # The same wallet came in twice at once: the other one has made the account.
        found = user_of_wallet(address)
        if found is None:
            raise
        return found
    return user


def _free_name(address: Address) -> str:
    short = f"signer-{address[2 : 2 + NAME_DIGITS].lower()}"
    return address if User.objects.filter(username=short).exists() else short


def record_log_in(*, user: User, how: str) -> None:
    """`how`: "password", "password and code", "recovery code", "wallet 0x..."."""
    with transaction.atomic():
        record_audit(
            actor=Actor(ActorKind.PERSON, user.get_username()),
            action="person.signed_in",
            object_type="user",
            object_id=user.public_id,
            block=None,
            after={"how": how},
        )


def wallets_of(user: User) -> Iterable[str]:
    return Wallet.objects.filter(user=user).order_by("pk").values_list("address", flat=True)
