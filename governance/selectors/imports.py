"""What a brought Safe transaction does, and which rules of ours it breaks; from its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.core.decoding import DecodedBatch
from execution.core.types import Rule, Violation
from execution.selectors.conformity import TierTerms, judge_foreign
from governance.core.guarding.imports import External, evidence_violations, read_external
from governance.models import ImportedProposal, Proposal
from treasury.selectors.portfolio import holdings_by_tier, policy_hashes, safes_at, tiers
from treasury.selectors.watch import tier_watch

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Judged:
    """`batch` is None when the bytes cannot be explained. `own` is our own proposal with this very
    hash, if there is one: sign there, never here. `terms` are what it was judged by."""

    batch: DecodedBatch | None
    violations: tuple[Violation, ...]
    own: str
    terms: tuple[TierTerms, ...] = ()


def treasury_of(external: External, *, within: Iterable[int]) -> int | None:
    """The treasury whose Safe would sign, among those that the caller may act in."""
    rows = safes_at(address=external.fields.safe).filter(treasury_id__in=list(within))
    found = rows.filter(treasury__chain_id=external.fields.chain_id).first() or rows.first()
    return found.treasury_id if found else None


def judge_external(external: External, *, treasury_id: int, now: int) -> Judged:
    """By the policies in force and the prices of the newest snapshot; `now` is block time."""
    terms = _terms(treasury_id, now)
    if not terms:
        nothing = Violation(Rule.POLICY, "no tier of the treasury has a policy in force")
        return Judged(None, (nothing,), "")
    judged = judge_foreign(external.fields, terms=terms, now=now)
    told = evidence_violations(
        external.evidence, judged.batch, frozenset(policy_hashes(treasury_id=treasury_id))
    )
    found = tuple(dict.fromkeys((*external.violations, *judged.violations, *told)))
    own = Proposal.objects.filter(safe_transaction__safe_tx_hash=external.hash).first()
    return Judged(judged.batch, found, own.public_id if own else "", tuple(terms))


def external_of(row: ImportedProposal) -> External:
    return read_external(json.loads(row.document))


def imported(public_id: str, *, within: Iterable[int]) -> ImportedProposal | None:
    rows = ImportedProposal.objects.filter(public_id=public_id, treasury_id__in=list(within))
    return rows.select_related("treasury", "importer").first()


def recent_imports(*, within: Iterable[int], limit: int) -> list[ImportedProposal]:
    """Newest first."""
    rows = ImportedProposal.objects.filter(treasury_id__in=list(within))
    return list(rows.select_related("treasury", "importer").order_by("-pk")[:limit])


def _terms(treasury_id: int, now: int) -> list[TierTerms]:
    """Of the tiers with a policy in force; as many queries for a hundred tiers as for one."""
    held = holdings_by_tier(treasury_id=treasury_id)
    rows = tiers(treasury_id).select_related("safe", "treasury").order_by("id")
    watched = tier_watch(treasury_id=treasury_id, now=now)
    return [
        TierTerms(tier, watch.policy, held.get(tier.pk, ()))
        for tier, watch in zip(rows, watched, strict=True)
        if watch.policy is not None
    ]
