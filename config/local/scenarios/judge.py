"""The judge of a finished world. It imports nothing of the product: SQL against the tables, RPC
against the node, and the standard library. What it says therefore does not repeat the product's own
mistakes.

Five verdicts, each a list of findings (empty = kept): the journal balances, the books equal the
chain, no intent was executed twice, the policies' limits were kept, the audit chain holds.
`note_step` remembers the audit head after each step: a chain of hashes cannot tell that its own
tail was cut off, a witness can.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString

import psycopg

from config.local.chain.rpc import Rpc

NATIVE = "0x" + "00" * 20
IDENTITY_CALL = "00" + "00" * 19 + "04" + "00" * 32 + f"{32:064x}"
"""How MultiSend packs the evidence leg before its 32 bytes: CALL, to 0x04, value 0, length 32."""
ASSET_ACCOUNTS = ("DIGITAL_ASSET", "GAS_TANK")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings per invariant; an invariant holds when its list is empty."""

    findings: dict[str, list[str]]

    @property
    def flags(self) -> dict[str, bool]:
        return {name: not found for name, found in self.findings.items()}

    @property
    def ok(self) -> bool:
        return all(self.flags.values())


class Judge:
    def __init__(self, *, connection: psycopg.Connection[Any], rpc: Rpc, first_block: int) -> None:
        self._db = connection
        self._rpc = rpc
        self._first_block = first_block
        self._heads: list[tuple[int, bytes]] = []

    def note_step(self) -> None:
        for identity, head in self._rows(
            "SELECT id, hash FROM audit_event ORDER BY id DESC LIMIT 1"
        ):
            self._heads.append((int(identity), bytes(head)))

    def verdict(self) -> Verdict:
        return Verdict(
            {
                "journal_balanced": list(self._unbalanced_entries()),
                "books_equal_chain": list(self._books_off_chain()),
                "nothing_executed_twice": list(self._executed_twice()),
                "policy_limits_kept": [*self._edited_policies(), *self._broken_limits()],
                "audit_verified": list(self._audit_faults()),
            }
        )

    # ------------------------------------------------------------------------------ journal
    def _unbalanced_entries(self) -> Iterator[str]:
        rows = self._rows(
            "SELECT e.sequence, coalesce(sum(p.amount_usd), 0), count(p.id) "
            "FROM treasury_journalentry e LEFT JOIN treasury_posting p ON p.entry_id = e.id "
            "GROUP BY e.id HAVING coalesce(sum(p.amount_usd), 0) <> 0 OR count(p.id) < 2"
        )
        for sequence, amount, lines in rows:
            yield f"entry {sequence}: {lines} lines sum to {amount} USD"

    # ------------------------------------------------------------------------------ books and chain
    def _books_off_chain(self) -> Iterator[str]:
        booked = {
            (str(holder).lower(), str(asset).lower()): int(units)
            for holder, asset, units in self._rows(
                "SELECT a.holder, s.address, sum(p.units) FROM treasury_posting p "
                "JOIN treasury_account a ON a.id = p.account_id "
                "JOIN treasury_asset s ON s.id = a.asset_id "
                "WHERE a.kind = ANY(%s) GROUP BY a.holder, s.address",
                [list(ASSET_ACCOUNTS)],
            )
        }
        for holder, asset, symbol in self._watched():
            units = booked.pop((holder.lower(), asset.lower()), 0)
            held = self._balance(holder, asset)
            if units != held:
                yield f"{symbol} of {holder}: books {units}, chain {held}, off by {units - held}"
        for (holder, asset), units in booked.items():
            if units:
                yield f"books hold {units} of {asset} for {holder}, whom nobody watches"

    def _watched(self) -> Iterator[tuple[str, str, str]]:
        yield from self._rows(
            "SELECT f.address, s.address, s.symbol FROM treasury_safeaccount f "
            "JOIN treasury_asset s ON s.treasury_id = f.treasury_id WHERE f.kind <> 'OPERATOR' "
            "UNION SELECT t.executor_address, s.address, s.symbol FROM treasury_treasury t "
            "JOIN treasury_asset s ON s.treasury_id = t.id WHERE s.kind = 'NATIVE' ORDER BY 1, 2"
        )

    def _balance(self, holder: str, asset: str) -> int:
        if asset == NATIVE:
            return int(self._rpc("eth_getBalance", holder, "latest"), 16)
        return self._rpc.balance_of(asset, holder)

    # ------------------------------------------------------------------------------ executions
    def _executed_twice(self) -> Iterator[str]:
        """Evidence digests in the calldata of successful transactions: every digest at most once,
        and none that no plan knows."""
        known = {
            str(digest): str(plan)
            for digest, plan in self._rows("SELECT evidence_digest, public_id FROM execution_plan")
        }
        seen: dict[str, list[str]] = {}
        for tx_hash, data in self._mined():
            for digest in _evidence_in(data):
                seen.setdefault(digest, []).append(tx_hash)
        for digest, hashes in seen.items():
            if digest not in known:
                yield f"an execution with unknown evidence {digest}: {hashes[0]}"
            elif len(hashes) > 1:
                yield f"{known[digest]} was executed {len(hashes)} times: {', '.join(hashes)}"

    def _mined(self) -> Iterator[tuple[str, str]]:
        head = int(self._rpc.block()["number"], 16)
        for number in range(self._first_block, head + 1):
            block = self._rpc("eth_getBlockByNumber", hex(number), True)
            for transaction in block["transactions"]:
                data = str(transaction["input"])
                if IDENTITY_CALL not in data:
                    continue
                receipt = self._rpc("eth_getTransactionReceipt", transaction["hash"])
                if receipt["status"] == "0x1":
                    yield str(transaction["hash"]), data

    # ------------------------------------------------------------------------------ policies
    def _edited_policies(self) -> Iterator[str]:
        for tier, number, document, stored in self._rows(
            "SELECT t.name, v.number, v.document, v.document_hash FROM treasury_policyversion v "
            "JOIN treasury_tier t ON t.id = v.tier_id ORDER BY 1, 2"
        ):
            found = hashlib.sha256(str(document).encode()).hexdigest()
            if found != stored:
                yield f"policy {number} of {tier}: document hashes to {found}, row says {stored}"
        for proposal, frozen, stored in self._rows(
            "SELECT p.public_id, p.policy_hash, v.document_hash FROM governance_proposal p "
            "JOIN treasury_policyversion v ON v.id = p.policy_version_id "
            "WHERE p.policy_hash <> v.document_hash"
        ):
            yield f"{proposal} was made under policy {frozen}, its version now says {stored}"

    def _broken_limits(self) -> Iterator[str]:
        for proposal, route, value, document, plan in self._rows(
            "SELECT p.public_id, p.route, p.value_usd, v.document, e.document "
            "FROM governance_proposal p "
            "JOIN treasury_policyversion v ON v.id = p.policy_version_id "
            "JOIN execution_plan e ON e.id = p.plan_id "
            "WHERE p.state = 'DONE' AND p.outcome = 'EXECUTED'"
        ):
            policy = json.loads(document)
            for leg in json.loads(plan)["legs"]:
                yield from _leg_faults(str(proposal), policy, leg)
            if route != "MULTISIG" and value >= Decimal(policy["escalation"]["value_usd"]):
                yield f"{proposal} of {value} USD went {route} above the escalation value"

    # ------------------------------------------------------------------------------ audit
    def _audit_faults(self) -> Iterator[str]:
        previous, expected, hashes = bytes(32), 1, {}
        for identity, micros, body, prev, stored in self._rows(
            "SELECT id, (extract(epoch from at) * 1000000)::bigint, body, prev, hash "
            "FROM audit_event ORDER BY id"
        ):
            if identity != expected:
                yield f"audit event {expected} is missing"
            link = struct.pack(">qq", identity, micros)
            found = hashlib.sha256(
                bytes(prev) + link + hashlib.sha256(bytes(body)).digest()
            ).digest()
            if bytes(prev) != previous or found != bytes(stored):
                yield f"audit event {identity} does not fit the chain"
            previous, expected = bytes(stored), identity + 1
            hashes[identity] = bytes(stored)
        if not hashes:
            yield "there is no audit trail"
        for identity, noted in self._heads:
            if hashes.get(identity) != noted:
                yield f"audit event {identity}, seen as head, is gone or another one"
                return

    def _rows(self, query: LiteralString, parameters: list[Any] | None = None) -> list[Any]:
        with self._db.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall()


def _leg_faults(proposal: str, policy: dict[str, Any], leg: dict[str, Any]) -> Iterator[str]:
    value = Decimal(leg["value_usd"])
    if value > Decimal(policy["max_trade_usd"]):
        yield f"{proposal}: a trade of {value} USD exceeds max_trade_usd"
    if value < Decimal(policy["min_trade_usd"]):
        yield f"{proposal}: a trade of {value} USD is below min_trade_usd"
    cost = sum((Decimal(term) for term in leg["cost"].values()), Decimal(0))
    if cost * 10_000 > value * int(policy["cost_cap_bps"]):
        yield f"{proposal}: an estimated cost of {cost} USD exceeds cost_cap_bps"
    expected, least = int(leg["expected_buy_units"]), int(leg["min_buy_units"])
    if least * 10_000 < expected * (10_000 - int(policy["max_slippage_bps"])) - 10_000:
        yield f"{proposal}: minimum out {least} lies more than max_slippage_bps under {expected}"


def _evidence_in(data: str) -> set[str]:
    """Evidence digests in one calldata. A nested batch carries its own evidence leg beside the
    outer one: within one transaction, all or nothing, they count once."""
    found = set()
    at = data.find(IDENTITY_CALL)
    while at >= 0:
        found.add(data[at + len(IDENTITY_CALL) :][:64])
        at = data.find(IDENTITY_CALL, at + 1)
    return found
