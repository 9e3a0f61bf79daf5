"""What a finished world amounts to: one row per proposal, and one digest that equal worlds share.

Read by SQL like the judge's findings. No wall time and no generated id enters the digest.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any, LiteralString

import psycopg


def proposals(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Every proposal in the order in which they were made. Costs in USD; seconds of block time."""
    rows = _rows(
        connection,
        "SELECT p.public_id, t.name, p.route, d.trigger_kind, p.state, p.outcome, p.value_usd, "
        "x.safe_tx_hash, r.mined_tx_hash, p.estimated_cost_usd, p.actual_cost_usd, "
        "p.done_at - p.triggered_at FROM governance_proposal p "
        "JOIN treasury_tier t ON t.id = p.tier_id "
        "JOIN treasury_decision d ON d.id = p.decision_id "
        "LEFT JOIN execution_safetransaction x ON x.id = p.safe_transaction_id "
        "LEFT JOIN execution_transaction r ON r.id = p.transaction_id ORDER BY p.id",
    )
    return [
        {
            "id": public_id,
            "tier": tier,
            "route": route,
            "trigger": trigger,
            "status": outcome or state,
            "value_usd": _text(value),
            "safe_tx_hash": safe_tx_hash or None,
            "tx_hash": tx_hash or None,
            "estimated_cost_usd": _text(estimated),
            "actual_cost_usd": _text(actual),
            "seconds_trigger_to_done": seconds,
        }
        for (
            public_id,
            tier,
            route,
            trigger,
            state,
            outcome,
            value,
            safe_tx_hash,
            tx_hash,
            estimated,
            actual,
            seconds,
        ) in rows
    ]


def world_digest(connection: psycopg.Connection[Any], *, final_block_hash: str) -> str:
    """SHA-256 over the final block, every decision, every NAV and the books' balances."""
    facts = {
        "final_block": final_block_hash,
        "decisions": _rows(
            connection,
            "SELECT t.name, s.block_number, d.outcome, d.digest FROM treasury_decision d "
            "JOIN treasury_tier t ON t.id = d.tier_id "
            "JOIN treasury_snapshot s ON s.id = d.snapshot_id ORDER BY s.block_number, t.name",
        ),
        "nav": _rows(
            connection,
            "SELECT block_number, nav_usd::text FROM treasury_snapshot ORDER BY block_number",
        ),
        "books": _rows(
            connection,
            "SELECT a.code, coalesce(sum(p.units), 0)::text, sum(p.amount_usd)::text "
            "FROM treasury_posting p JOIN treasury_account a ON a.id = p.account_id "
            'GROUP BY a.code ORDER BY a.code COLLATE "C"',
        ),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def most_round_trips(connection: psycopg.Connection[Any]) -> int:
    """The largest number of RPC requests that one snapshot needed."""
    ((most,),) = _rows(connection, "SELECT max(round_trips) FROM treasury_snapshot")
    return int(most or 0)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _rows(connection: psycopg.Connection[Any], query: LiteralString) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
