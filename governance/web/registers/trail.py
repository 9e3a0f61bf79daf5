"""Audit: the chain with filters, how far it is verified, and its export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from governance.selectors.registers.trail import TrailFilter, trail
from governance.services.registers.trail_mark import trail_mark
from governance.web.base import Page
from governance.web.registers.live import asked_id
from treasury.core import access
from treasury.selectors.audit import export_lines

LONGEST = 80
FIELDS = ("object", "actor", "action", "from", "to")


class Audit(Page):
    required_action = access.AUDIT_READ
    template_name = "governance/registers/audit.html"
    title = "Audit"

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        wanted, problems = asked(request)
        context: dict[str, Any] = {
            "given": request.GET,
            "problems": problems,
            "mark": trail_mark(),
            "query": urlencode(
                {name: value for name in FIELDS if (value := request.GET.get(name, ""))}
            ),
        }
        if not problems:
            context["page"] = trail(wanted=wanted, before=asked_id(request))
        return self.shown(self.template_name, context, status=422 if problems else 200)


class AuditExport(Page):
    """The whole chain as JSON lines, for the offline program."""

    required_action = access.EXPORT_READ
    title = "Audit export"

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        answer = StreamingHttpResponse(_lines(), content_type="application/jsonl")
        answer.headers["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
        return answer  # type: ignore[return-value]  # both are answers; the stubs know no parent


def asked(request: HttpRequest) -> tuple[TrailFilter, dict[str, str]]:
    """The filters of the address, and what is wrong with them by field."""
    problems: dict[str, str] = {}
    texts = {}
    for name, field in (("object", "object_id"), ("actor", "actor"), ("action", "action")):
        value = request.GET.get(name, "").strip()
        if len(value) > LONGEST or "\0" in value:
            problems[name] = f"At most {LONGEST} characters of text."
        texts[field] = value
    wanted = TrailFilter(object_id=texts["object_id"], actor=texts["actor"], action=texts["action"])
    days: dict[str, datetime | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = _day(request.GET.get(name, ""))
        except ValueError:
            problems[name] = "Write the day as 2026-01-31."
    if problems:
        return wanted, problems
    until = days["to"]
    if until is not None:
        until += timedelta(days=1)
    return replace(wanted, since=days["from"], until=until), problems


def _day(text: str) -> datetime | None:
    """A day in UTC, its first moment; None for none."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text.strip() else None


def _lines() -> Iterator[str]:
    for line in export_lines():
        yield line + "\n"
