"""Bringing a Safe transaction on the page: shown as external, judged, never signed here."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.models import ImportedProposal
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import collecting
from tests.integration.governance.guarding.test_importing import export_of
from tests.integration.governance.registers.conftest import Reader, reader
from treasury.models import AuditEvent

__all__ = ["reader"]

Readers = Callable[[str], Reader]
PATH = "/proposals/imports/"


def bring(person: Reader, document: Any) -> str:
    answer = person.post(PATH, document=json.dumps(document))
    assert answer.status == 200
    return html.unescape(answer.text)


def test_import_page__own_export__external_with_calls_hashes_and_fields(
    stage: Stage, reader: Readers
) -> None:
    proposal = collecting(stage, "strategic")
    document = export_of(stage, proposal)
    sofia = reader("sofia")
    assert "Nothing was brought yet" in sofia.page(PATH)
    text = bring(sofia, document)
    row = ImportedProposal.objects.get()
    signed = document["safe_transaction"]
    assert "This is no proposal of this service." in text
    assert "No rule broken" in text
    assert f"/proposals/{proposal.public_id}" in text
    for name in ("domain_hash", "message_hash", "safe_tx_hash"):
        assert signed[name] in text
    for value in signed["fields"].values():
        assert str(value) in text
    for call in document["calls"]:
        assert call["to"] in text
    page = sofia.page(f"{PATH}{row.public_id}/")
    assert "Sign with your wallet" not in page
    assert row.safe_tx_hash in reader("arne").page(PATH)
    assert 'href="/proposals/imports"' in sofia.page("/proposals/")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nonce": "77"}, "HASH"),
        ({"to": "0x" + "66" * 20}, "cannot be explained"),
        ({"gas_price": "1"}, "No hash is shown"),
    ],
)
def test_import_page__tampered__refused_also_after_the_clean_one(
    stage: Stage, reader: Readers, change: dict[str, Any], said: str
) -> None:
    document = export_of(stage, collecting(stage, "strategic"))
    sofia = reader("sofia")
    bring(sofia, document)
    document["safe_transaction"]["fields"] |= change
    text = bring(sofia, document)
    assert "Do not sign" in text
    assert said in text
    assert "No rule broken" not in text


def test_import_page__file__goes_before_what_is_pasted(stage: Stage, reader: Readers) -> None:
    document = json.dumps(export_of(stage, collecting(stage, "core"))).encode()
    upload = SimpleUploadedFile("verification.json", document, "application/json")
    answer = reader("olga").post(PATH, document="nothing", file=upload)
    assert answer.status == 200
    assert "No rule broken" in answer.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "paste it, or choose its file"),
        ("{", "no JSON"),
        ("[1, 2]", "an object is wanted here"),
        ('{"a": 1.5}', "numbers with a point"),
        ('{"a": "\\ud800"}', "no text in UTF-8"),
        ("[" * 100_000, "nested too deep"),
        ("9" * 5_000, "beyond all bounds"),
        (" " * 300_000 + "{}", "more than 262144 bytes"),
        ('{"safe_transaction": {}}', "/safe_transaction/"),
    ],
)
def test_import_page__cannot_be_read__says_why_and_keeps_nothing(
    reader: Readers, text: str, said: str
) -> None:
    before = AuditEvent.objects.count()
    answer = reader("sofia").post(PATH, document=text)
    assert answer.status == 422
    assert said in html.unescape(answer.text)
    assert not ImportedProposal.objects.exists()
    assert AuditEvent.objects.count() == before


def test_import_page__who_only_reads__brings_nothing(reader: Readers) -> None:
    arne = reader("arne")
    assert "Bring one" not in arne.page(PATH)
    assert arne.post(PATH, document="{}").status == 403
    assert reader("sofia").get(f"{PATH}ext_00000000000000000000000000/").status == 404
    assert not ImportedProposal.objects.exists()


def test_import__nested_without_end__refused_before_it_is_parsed(
    stage: Stage, reader: Readers
) -> None:
    """Parsed, it would end the process: over REST, and inside the reasons."""
    answer = stage.client("sofia").generic(
        "POST",
        "/api/v1/proposals/imports",
        "[" * 100_000,
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="deep",
    )
    assert (answer.status_code, "nested" in answer.json()["detail"]) == (400, True)
    document = export_of(stage, collecting(stage, "strategic"))
    document["evidence"]["text"] = "[" * 100_000
    assert "the reasons are nested too deep" in bring(reader("sofia"), document)
