"""Safe transactions that somebody brings: explained and judged, shown as external, never signed
here."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.core.guarding.imports import External, ImportDocumentError
from governance.models import ImportedProposal
from governance.selectors.imports import (
    Judged,
    external_of,
    imported,
    judge_external,
    recent_imports,
)
from governance.selectors.pages.external import external_sheet
from governance.services.guarding.importing import DOCUMENT_BYTES_MAX, import_proposal
from governance.web.base import Page
from governance.web.registers.live import block_for, head_or_none, places
from treasury.core import access
from treasury.core.canonical import is_too_deep
from treasury.core.types import BlockRef

KIB: Final = 1024
RECENT: Final = 20
UNAVAILABLE: Final = 503
SHEET: Final = "governance/proposal/external.html"


class Imports(Page):
    """The form, and what was brought of late."""

    required_action = access.PROPOSAL_READ
    method_actions = {"POST": access.PROPOSAL_IMPORT}  # noqa: RUF012  read by the base class
    template_name = "governance/proposal/imports.html"
    title = "External transactions"

    def context(self) -> dict[str, Any]:
        return {
            "recent": recent_imports(within=self.treasury_ids, limit=RECENT),
            "may_import": bool(places(self, access.PROPOSAL_IMPORT)),
            "kib_max": DOCUMENT_BYTES_MAX // KIB,
        }

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        block = head_or_none()
        if block is None:
            problem = "No node answers now, so it cannot be judged. Try again in a minute."
            return self._asked_again(problem, UNAVAILABLE)
        try:
            found = import_proposal(
                _document(request),
                within=self.treasury_ids,
                user=self.user,
                actor=self.actor,
                block=block,
            )
        except ImportDocumentError as error:
            return self._asked_again(f"{error}.", error.problem_status)
        if external_of(found.row) == found.external:
            return HttpResponseRedirect(reverse("import-page", args=[found.row.public_id]))
        # Brought before with other words around the same hash: what is judged here is this one.
        return self.shown(SHEET, sheet_context(found.row, found.external, found.judged, block))

    def _asked_again(self, problem: str, status: int) -> HttpResponse:
        given = self.request.POST.get("document", "")
        more = {"problem": problem, "given": given[:DOCUMENT_BYTES_MAX]}
        return self.shown(self.template_name, self.context() | more, status)


class Import(Page):
    """Judged anew on each look, by the policies in force and the newest prices."""

    required_action = access.PROPOSAL_READ
    template_name = SHEET
    title = "External transaction"

    def context(self) -> dict[str, Any]:
        row = imported(self.kwargs["public_id"], within=self.treasury_ids)
        if row is None:
            raise Http404
        external, block = external_of(row), block_for(row.treasury_id)
        judged = judge_external(external, treasury_id=row.treasury_id, now=block.timestamp)
        return sheet_context(row, external, judged, block)


def sheet_context(
    row: ImportedProposal, external: External, judged: Judged, block: BlockRef
) -> dict[str, Any]:
    sheet = external_sheet(external, judged, treasury_id=row.treasury_id)
    return {"row": row, "sheet": sheet, "judged_at": block, "title": Import.title}


def _document(request: HttpRequest) -> Any:
    """The uploaded file, else the pasted text, as JSON. Raises ImportDocumentError."""
    upload = request.FILES.get("file")
    try:
        raw = upload.read(DOCUMENT_BYTES_MAX + 1) if upload else _pasted(request).encode()
        text = raw.decode()
        if not text.strip():
            raise ImportDocumentError("", "paste it, or choose its file")
        if len(raw) > DOCUMENT_BYTES_MAX:
            raise ImportDocumentError("", f"more than {DOCUMENT_BYTES_MAX} bytes")
        if is_too_deep(text):
            raise ImportDocumentError("", "nested too deep")
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()  # half a character has no bytes
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ImportDocumentError("", f"no JSON: {error.msg} at {place}") from error
    except ImportDocumentError:
        raise
    except ValueError as error:
        raise ImportDocumentError("", "no text in UTF-8, or a number beyond all bounds") from error
    return document


def _pasted(request: HttpRequest) -> str:
    return request.POST.get("document", "")
