"""Somebody brings a Safe transaction: explained, judged, kept as external, never signed here.

Whatever it says of itself counts for nothing: fields and hash are computed from its bytes. It gets
no nonce, no proposal and no signature of ours; one that breaks no rule is still only shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from governance.core.guarding.imports import External, ImportDocumentError, read_external
from governance.models import ImportedProposal, User
from governance.selectors.imports import Judged, judge_external, treasury_of
from treasury.core.canonical import canonical_bytes
from treasury.core.types import Actor, BlockRef
from treasury.services.record import record_audit

DOCUMENT_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    row: ImportedProposal
    external: External
    judged: Judged


def import_proposal(
    document: Any, *, within: frozenset[int], user: User, actor: Actor, block: BlockRef
) -> Imported:
    """`within`: treasuries in which the person may import. The same bytes twice are one row; each
    attempt is on record, with the rules that it breaks. Raises ImportDocumentError."""
    text = canonical_text(document)
    external = read_external(document)
    treasury_id = treasury_of(external, within=within)
    if treasury_id is None:
        raise ImportDocumentError(
            "/safe_transaction/safe", f"{external.fields.safe} is no Safe of a treasury of yours"
        )
    judged = judge_external(external, treasury_id=treasury_id, now=block.timestamp)
    with transaction.atomic():
        row, _ = ImportedProposal.objects.get_or_create(
            treasury_id=treasury_id,
            safe_tx_hash=external.hash,
            defaults={
                "importer": user,
                "fields": external.given,
                "document": text,
                "refusals": [
                    {"rule": violation.rule.value, "text": violation.text}
                    for violation in judged.violations
                ],
            },
        )
        record_audit(
            actor=actor,
            action="import.refused" if judged.violations else "import.recorded",
            object_type="imported_proposal",
            object_id=row.public_id,
            block=block,
            after={
                "safe_tx_hash": external.hash,
                "rules": sorted({violation.rule.value for violation in judged.violations}),
            },
            reason=str(judged.violations[0])[:300] if judged.violations else "",
        )
    return Imported(row, external, judged)


def canonical_text(document: Any) -> str:
    try:
        raw = canonical_bytes(document)
    except TypeError as odd:
        raise ImportDocumentError("", f"numbers with a point have no place here: {odd}") from odd
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise ImportDocumentError("", f"more than {DOCUMENT_BYTES_MAX} bytes")
    return raw.decode()
