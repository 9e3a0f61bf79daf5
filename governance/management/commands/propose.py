"""Evaluate one tier, or all, at the newest block."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.adapters.chain import head_block
from governance.services.proposals import Evaluated, evaluate_tier
from treasury.core.types import Actor, ActorKind
from treasury.selectors.policies import NoPolicyInForceError
from treasury.selectors.portfolio import tiers, treasuries
from treasury.services.snapshots import take_snapshot

ACTOR = Actor(ActorKind.SYSTEM, "command:propose")


class Command(BaseCommand):
    help = "Evaluate tiers at the newest block and propose what pays for itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tier", help="name or id of one tier; all without it")
        parser.add_argument("--reason", help="force the trigger with this reason")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *_: Any, **options: Any) -> None:
        rows = [
            tier
            for treasury in treasuries()
            for tier in tiers(treasury.pk)
            if options["tier"] in {None, tier.name, tier.public_id}
        ]
        if not rows:
            raise CommandError(f"There is no tier {options['tier'] or 'at all'}.")
        url = settings.RPC_URLS[0]
        block = head_block(url)
        answers: list[dict[str, Any]] = []
        for tier in rows:
            snapshot = take_snapshot(treasury_id=tier.treasury_id, block=block, rpc_url=url)
            try:
                evaluated = evaluate_tier(
                    tier_id=tier.pk,
                    snapshot_id=snapshot.pk,
                    rpc_url=url,
                    actor=ACTOR,
                    forced_reason=options["reason"],
                )
            except NoPolicyInForceError:
                answers.append({"tier": tier.name, "outcome": "NO_POLICY", "proposal": None})
                continue
            answers.append({"tier": tier.name, **_answer(evaluated)})
        if options["json"]:
            self.stdout.write(json.dumps(answers))
            return
        for answer in answers:
            made = answer["proposal"] or "no proposal"
            self.stdout.write(
                f"{answer['tier']}: {answer['outcome']}, {made}. {answer.get('note', '')}"
            )


def _answer(evaluated: Evaluated | None) -> dict[str, Any]:
    if evaluated is None:
        return {"outcome": "BUSY", "proposal": None, "note": "another process evaluates it"}
    proposal = evaluated.proposal
    return {
        "decision": evaluated.decision.public_id,
        "outcome": evaluated.decision.outcome,
        "is_fired": evaluated.decision.is_fired,
        "trigger": evaluated.decision.trigger_reason,
        "note": evaluated.note,
        "proposal": proposal.public_id if proposal else None,
        "state": proposal.state if proposal else None,
        "route": proposal.route if proposal else None,
    }
