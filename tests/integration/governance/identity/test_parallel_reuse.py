"""One text, many signatures at once: one gets in (RS-20)."""

from __future__ import annotations

from collections import Counter

from django.utils import timezone

from config.local.chain.accounts import ACCOUNTS
from governance.models import SignInRequest, User, Wallet
from governance.services.identity.errors import SignInRefusedError
from governance.services.identity.wallets import Proof, sign_in
from tests.integration.governance.conftest import Stage
from tests.integration.governance.identity.conftest import signature_of
from tests.integration.governance.identity.test_wallet_sign_in import asked_at, site
from tests.integration.governance.test_concurrency import at_once

TIMES = 8


def test_sign_in__one_nonce_eight_times_at_once__exactly_one_success(
    committed: None,
    stage: Stage,
) -> None:
    now = timezone.now()
    asked, asker = asked_at(now, stage.url)
    proof = Proof(asked.nonce, signature_of("owner1", asked.text))

    def attempt() -> str:
        try:
            return sign_in(proof=proof, asker=asker, site=site(stage.url), now=now).username
        except SignInRefusedError:
            return "refused"

    assert Counter(at_once(TIMES, attempt)) == {"sofia": 1, "refused": TIMES - 1}
    assert not SignInRequest.objects.exists()


def test_sign_in__new_signer_twice_at_once__one_account(
    committed: None,
    stage: Stage,
) -> None:
    address = ACCOUNTS["owner1"].address
    Wallet.objects.filter(address=address).delete()
    people = User.objects.count()
    now = timezone.now()
    waiting = [asked_at(now, stage.url) for _ in range(4)]

    def attempt() -> int:
        asked, asker = waiting.pop()
        proof = Proof(asked.nonce, signature_of("owner1", asked.text))
        return int(sign_in(proof=proof, asker=asker, site=site(stage.url), now=now).pk)

    assert len(set(at_once(4, attempt))) == 1
    assert User.objects.count() == people + 1
