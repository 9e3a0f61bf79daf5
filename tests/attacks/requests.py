"""A and I: what comes over the REST API, from a session or pasted, and what is imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from config.local.chain.accounts import ACCOUNTS
from execution.adapters.safe import low_s
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import SafeTxFields
from execution.models import Confirmation
from governance.models import Approval, ImportedProposal
from governance.selectors.verification import verification
from tests.attacks.database import COLUMNS, high_s, operator_proposal
from tests.attacks.forging import FORGERIES
from tests.attacks.scene import Scene
from tests.attacks.signing import (
    for_another_chain,
    over_another_hash,
    prefixed,
    signature_of,
)
from tests.rest_client import RestClient

ZERO = "0x" + "00" * 20
TOO_MANY = 429


def paste(scene: Scene, client: Any, owner: str, raw: bytes) -> tuple[int, dict[str, Any]]:
    answer = client.post(
        f"/api/v1/proposals/{scene.proposal.public_id}/confirmations",
        {"owner": owner, "signature": "0x" + raw.hex()},
        format="json",
    )
    return answer.status_code, answer.json()


def client_of(scene: Scene, entry: str) -> Any:
    """A: a session, but not the owner's own. I: pasted by nobody we know."""
    return scene.stage.client("fiona") if entry == "A" else RestClient()


# ------------------------------------------------------------------------------------ signatures
def other_hash(scene: Scene, entry: str, since: int) -> str:
    owner, raw = ACCOUNTS["owner1"].address, over_another_hash("owner1", scene.fields)
    if entry == "A":
        status, told = paste(scene, scene.stage.client("sofia"), owner, raw)
        assert told["code"] == "wrong_hash", told
        assert scene.fresh().state == "FROZEN"
        again, _ = paste(scene, scene.stage.client("sofia"), owner, raw)
        assert again >= 400, again
        assert not Confirmation.objects.exists()
        return f"{status}, FROZEN, {scene.audited('confirmation.incident', since)}"
    status, told = paste(scene, client_of(scene, entry), owner, raw)
    assert told["code"] == "wrong_hash", told
    assert scene.fresh().state == "COLLECTING"
    evidence = scene.audited("confirmation.refused", since)
    limited = [paste(scene, client_of(scene, entry), owner, raw)[0] for _ in range(31)]
    assert limited[-1] == TOO_MANY, limited
    assert scene.fresh().state == "COLLECTING"
    return f"{status}, not frozen, then {TOO_MANY}, {evidence}"


def refused(owner: str, make: Callable[[SafeTxFields], bytes], code: str) -> Any:
    def attempt(scene: Scene, entry: str, since: int) -> str:
        status, told = paste(scene, client_of(scene, entry), owner, make(scene.fields))
        assert (status, told["code"]) == (422, code), told
        assert not Confirmation.objects.exists()
        assert scene.fresh().state == "COLLECTING"
        return f"{status} {code}, {scene.audited('confirmation.refused', since)}"

    return attempt


def twice(scene: Scene, entry: str, since: int) -> str:
    owner, raw = ACCOUNTS["owner1"].address, signature_of("owner1", scene.fields)
    codes = [paste(scene, client_of(scene, entry), owner, raw)[0] for _ in range(2)]
    assert codes == [201, 201], codes
    assert Confirmation.objects.count() == 1
    return f"201, counted once, {scene.audited('safe_transaction.confirmed', since)}"


def twin(scene: Scene, entry: str, since: int) -> str:
    owner, raw = ACCOUNTS["owner1"].address, signature_of("owner1", scene.fields)
    codes = [paste(scene, client_of(scene, entry), owner, one)[0] for one in (high_s(raw), raw)]
    assert codes == [201, 201], codes
    (row,) = Confirmation.objects.all()
    assert bytes(row.signature) == low_s(bytes(row.signature)) == raw
    return f"201, counted once, low s, {scene.audited('safe_transaction.confirmed', since)}"


def own_approval(scene: Scene, entry: str, since: int) -> str:
    own = operator_proposal(scene)
    begun = scene.last_event()
    answer = scene.stage.client("olga").post(f"/api/v1/proposals/{own.public_id}/approvals", {})
    assert answer.json()["code"] == "separation_of_duties", answer.json()
    assert not Approval.objects.filter(proposal=own).exists()
    evidence = scene.audited("approval.refused", begun)
    return f"{answer.status_code} separation_of_duties, {evidence}"


STRANGER, OWNER = ACCOUNTS["stranger"].address, ACCOUNTS["owner1"].address
SIGNED: dict[str, Callable[[Scene, str, int], str]] = {
    "ATK-27": other_hash,
    "ATK-28": refused(STRANGER, lambda f: signature_of("stranger", f), "not_an_owner"),
    "ATK-29": twice,
    "ATK-30": twin,
    "ATK-31": refused(OWNER, lambda f: prefixed("owner1", f), "wrong_hash"),
    "ATK-32": refused(OWNER, lambda f: for_another_chain("owner1", f), "wrong_hash"),
    "ATK-34": own_approval,
}


# ------------------------------------------------------------------------------------ documents
def bring(scene: Scene, document: Any, since: int, rules: frozenset[str]) -> str:
    answer = scene.stage.client("sofia").post(
        "/api/v1/proposals/imports", {"document": document}, format="json"
    )
    told = answer.json()
    assert answer.status_code == 201, told
    found = {refusal["rule"] for refusal in told["refusals"]}
    assert told["is_refused"], "not refused"
    assert rules & found, found
    assert ImportedProposal.objects.filter(public_id=told["id"]).exists()
    assert not Confirmation.objects.exists()
    return f"refused ({min(rules & found)}), {scene.audited('import.refused', since)}"


def changed_field(scene: Scene, name: str, since: int) -> str:
    """An export with one field changed, and the hash it had."""
    document = json.loads(json.dumps(verification(scene.fresh())))
    column, value = COLUMNS[name]
    given = "0x01" if isinstance(value, bytes) else str(value)
    document["safe_transaction"]["fields"][column] = given
    is_gas = int(name.partition("-")[2]) in range(5, 10)
    return bring(scene, document, since, frozenset({"GAS" if is_gas else "HASH"}))


def changed_calls(scene: Scene, name: str, since: int) -> str:
    """Ten fields that agree with themselves: only their bytes speak against them."""
    makers, rules = FORGERIES[name]
    for make in reversed(makers):
        begun = scene.last_event()
        document = document_of(make(scene))
        found = bring(scene, document, begun, frozenset(rule.value for rule in rules))
    return found


def document_of(fields: SafeTxFields) -> dict[str, Any]:
    return {
        "chain_id": fields.chain_id,
        "safe": fields.safe,
        "to": fields.to,
        "value": str(fields.value),
        "data": "0x" + fields.data.hex(),
        "operation": int(fields.operation),
        "safe_tx_gas": "0",
        "base_gas": "0",
        "gas_price": "0",
        "gas_token": ZERO,
        "refund_receiver": ZERO,
        "nonce": str(fields.nonce),
        "safe_tx_hash": safe_tx_hash(fields),
    }


IMPORTED: dict[str, Callable[[Scene, str, int], str]] = {
    **dict.fromkeys(COLUMNS, changed_field),
    **dict.fromkeys(FORGERIES, changed_calls),
}
