"""People of the stage with their wallets: what they are asked to sign, signed from the typed data
alone and posted."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.test import Client
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from config.local.chain.accounts import ACCOUNTS, AccountName
from governance.models import Proposal
from governance.selectors.pages.proposal.board import Board
from governance.selectors.people import user_of_wallet
from governance.selectors.proposals import proposal_by_id
from governance.services.signing import SigningRequest, asked_for, signing_requests
from tests.integration.governance.conftest import Stage
from treasury.core.types import Address


def collecting(stage: Stage) -> Proposal:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    return proposal_by_id(proposal.pk)


def address(name: AccountName) -> Address:
    return Address(ACCOUNTS[name].address)


def requests_of(
    stage: Stage, proposal: Proposal, *names: AccountName, of_rejection: bool = False
) -> list[SigningRequest]:
    """`proposal` is read again: what is asked for changes with its state."""
    found = proposal_by_id(proposal.pk)
    return list(
        signing_requests(
            proposal=found,
            asked=asked_for(found, of_rejection=of_rejection),
            user=(user_of_wallet(address(names[0])) if names else None) or stage.people["fiona"],
            wallets=[address(name) for name in names],
            block=stage.head(),
            rpc_url=stage.url,
        )
    )


def signed_by_wallet(name: AccountName, request: SigningRequest) -> str:
    """As `eth_signTypedData_v4` does: from the typed data alone."""
    message = encode_typed_data(full_message=request.typed_data)
    whole = keccak(b"\x19" + message.version + message.header + message.body)
    assert "0x" + whole.hex() == request.digest
    return "0x" + bytes(ACCOUNTS[name].sign_message(message).signature).hex()


def post(
    stage: Stage,
    proposal: Proposal,
    request: SigningRequest,
    signature: str,
    *,
    who: str = "fiona",
    of_rejection: bool = False,
) -> tuple[int, Any]:
    body = {"owner": request.owner, "signature": signature}
    if request.is_member:
        body["member"] = request.signer
    what = "rejections/confirmations" if of_rejection else "confirmations"
    answer = stage.client(who).post(f"/api/v1/proposals/{proposal.public_id}/{what}", body)
    return answer.status_code, answer.json()


def give(stage: Stage, proposal: Proposal, *names: AccountName, of_rejection: bool = False) -> None:
    for name in names:
        (request,) = requests_of(stage, proposal, name, of_rejection=of_rejection)
        signature = signed_by_wallet(name, request)
        status, body = post(stage, proposal, request, signature, of_rejection=of_rejection)
        assert status == 201, body


def board(stage: Stage, proposal: Proposal) -> Board:
    """As the proposal's page shows it now; who owns the Safes is asked anew."""
    cache.clear()
    client = Client()
    client.force_login(stage.people["sofia"])
    page: Any = client.get(f"/proposals/{proposal.public_id}/")
    found: Board = page.context["stand"].board
    return found


def ask_for_rejection(stage: Stage, proposal: Proposal, who: str = "sofia") -> None:
    url = f"/api/v1/proposals/{proposal.public_id}/rejections"
    answer = stage.client(who).post(url, {"reason": "the market has turned"})
    assert answer.status_code == 201, answer.json()
