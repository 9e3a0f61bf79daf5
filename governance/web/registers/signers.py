"""Signers & Safes: who can sign, how each Safe is set up now, who is away."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from execution.services.signatures.configurations import RosterUnknownError, read_configurations
from governance.selectors.registers.naming import names
from governance.selectors.registers.signers import absences, safe_lines, safe_rows
from governance.web.base import Page, rpc_url
from governance.web.registers.live import chosen, head_or_none
from treasury.core import access
from treasury.core.types import Address
from treasury.selectors.portfolio import assets


class Signers(Page):
    required_action = access.TREASURY_READ
    template_name = "governance/registers/signers.html"
    title = "Signers & Safes"

    def context(self) -> dict[str, Any]:
        treasury, wall, head = chosen(self), timezone.now(), head_or_none()
        rows = safe_rows(treasury.pk)
        try:
            found = read_configurations(
                safes=[Address(row.address) for row in rows], block=head, rpc_url=rpc_url()
            )
        except RosterUnknownError:
            found = ()
        signers = {owner for one in found for owner in one.owners}
        signers |= {
            member for one in found for inner in one.owner_safes for member in inner.members
        }
        known = names(
            treasury=treasury, safes=rows, tokens=assets(treasury.pk), asked=signers, now=wall
        )
        away = absences(treasury_id=treasury.pk, wallets=signers, now=wall)
        return {
            "treasury": treasury,
            "head": head,
            "is_known": bool(found),
            "safes": safe_lines(rows=rows, found=found, names=known, away=away, now=wall),
            "names": known,
            "absences": away,
            "now": wall,
        }
