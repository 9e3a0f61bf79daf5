"""A complete policy document that parses, for tests to bend."""

from __future__ import annotations

from typing import Any

ETH = "0x" + "Ee" * 20
BTC = "0x" + "Bb" * 20
USDC = "0x" + "aA" * 20


def example_document() -> dict[str, Any]:
    band = {"kind": "RELATIVE", "absolute_bps": 0, "relative_bps": 2000}
    return {
        "mode": "SEMI",
        "settlement_asset": USDC,
        "targets": [
            {"asset": ETH, "weight_bps": 5000, "band": dict(band), "reserve_units": 0},
            {"asset": BTC, "weight_bps": 3000, "band": dict(band), "reserve_units": 0},
            {"asset": USDC, "weight_bps": 2000, "band": dict(band), "reserve_units": 5_000_000},
        ],
        "trigger": {
            "kind": "HYBRID",
            "interval_seconds": 0,
            "max_age_seconds": 7_776_000,
            "cooldown_seconds": 3600,
        },
        "scope": "WORST",
        "worst_count": 3,
        "destination_bps": 5000,
        "min_trade_usd": "500",
        "max_trade_usd": "100000",
        "max_turnover_usd": "250000.5",
        "turnover_window_seconds": 604_800,
        "cost_cap_bps": 50,
        "max_slippage_bps": 30,
        "max_fee_per_gas_wei": 100_000_000_000,
        "proposal_ttl_seconds": 3600,
        "lot_method": "HIFO",
        "long_term_days": 365,
        "venues": ["uniswap_v3"],
        "prices": {"min_sources": 2, "min_on_chain": 1, "max_deviation_bps": 1000},
        "escalation": {
            "value_usd": "100000",
            "nav_share_bps": 1000,
            "turnover_usd": "200000",
            "turnover_window_seconds": 604_800,
            "strategic": True,
        },
        "halts": {
            "max_base_fee_wei": "200000000000",
            "failure_streak": 3,
            "max_nav_jump_bps": 1000,
        },
        "unit_limits": [
            {
                "allowance_key": "core-usdc",
                "asset": USDC,
                "refill_units": "50000000000",
                "max_refill_units": "100000000000",
                "period_seconds": 86_400,
            }
        ],
        "operator_safe": True,
        "review": {
            "min_review_seconds": 0,
            "question_value_usd": "100000",
            "silence_seconds": 3600,
            "on_silence": "EXPIRE",
        },
    }
