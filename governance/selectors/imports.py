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
from treasury.selectors.policies import NoPolicyInForceError, policy_in_force
from treasury.selectors.portfolio import policy_hashes, safes_at, tier_portfolio, tiers
from treasury.selectors.snapshots import latest

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Judged:
    """`batch` is None when the bytes cannot be explained. `own` is our own proposal with this very
    hash, if there is one: sign there, never here."""

    batch: DecodedBatch | None
    violations: tuple[Violation, ...]
    own: str


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
    return Judged(judged.batch, found, own.public_id if own else "")


def external_of(row: ImportedProposal) -> External:
    return read_external(json.loads(row.document))


def imported(public_id: str, *, within: Iterable[int]) -> ImportedProposal | None:
    rows = ImportedProposal.objects.filter(public_id=public_id, treasury_id__in=list(within))
    return rows.select_related("treasury", "importer").first()


def _terms(treasury_id: int, now: int) -> list[TierTerms]:
    snapshot = latest(treasury_id)
    terms = []
    for tier in tiers(treasury_id).select_related("safe", "treasury"):
        try:
            _, policy = policy_in_force(tier_id=tier.pk, now=now)
        except NoPolicyInForceError:
            continue
        holdings = (
            tier_portfolio(tier_id=tier.pk, snapshot_id=snapshot.pk)[0].holdings if snapshot else ()
        )
        terms.append(TierTerms(tier, policy, holdings))
    return terms
