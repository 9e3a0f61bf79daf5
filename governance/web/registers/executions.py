"""Execution & reconciliation: what is on its way, what it came to, what does not add up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse

from execution.selectors import executions as rows_of_execution
from governance.selectors.registers.executions import (
    TABS,
    break_lines,
    execution_list,
    execution_view,
)
from governance.web.registers.live import LivePage, asked_id, head_or_none
from treasury.core import access

LABELS = {"under-way": "Under way", "all": "All", "breaks": "Breaks"}
BREAKS_SHOWN = 100


class Executions(LivePage):
    required_action = access.PROPOSAL_READ
    template_name = "governance/registers/executions.html"
    live_template = "governance/registers/executions_live.html"
    title = "Execution & reconciliation"

    @property
    def tab(self) -> str:
        return self.kwargs.get("tab") or "all"

    def around(self) -> dict[str, Any]:
        tabs = [(LABELS[tab], reverse("executions", args=[tab]), tab == self.tab) for tab in TABS]
        return {"tabs": tabs, "tab": self.tab}

    def live_context(self) -> dict[str, Any]:
        if self.tab == "breaks":
            rows = rows_of_execution.breaks(treasury_ids=self.treasury_ids)[:BREAKS_SHOWN]
            return {"tab": self.tab, "breaks": break_lines(rows)}
        return {
            "tab": self.tab,
            "page": execution_list(
                treasury_ids=self.treasury_ids, tab=self.tab, before=asked_id(self.request)
            ),
            "venues": rows_of_execution.venue_records(treasury_ids=self.treasury_ids),
        }


class Execution(LivePage):
    required_action = access.PROPOSAL_READ
    template_name = "governance/registers/execution.html"
    live_template = "governance/registers/execution_live.html"
    title = "Execution"

    def live_context(self) -> dict[str, Any]:
        head = head_or_none()
        found = execution_view(
            treasury_ids=self.treasury_ids,
            public_id=self.kwargs["public_id"],
            head=head.number if head else None,
            finality_depth=settings.FINALITY_DEPTH,
        )
        if found is None:
            raise Http404
        return {"x": found, "head": head}

    def around(self) -> dict[str, Any]:
        return {"public_id": self.kwargs["public_id"]}
