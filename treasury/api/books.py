"""Journal, lots and events: what accounting systems read."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from treasury.api.shapes import (
    Fiat,
    ObjectSerializer,
    TokenAmount,
    block_time,
    fiat,
    fiat_or_none,
    token_amount,
)
from treasury.api.views import DetailView, ListView, SequencedListView
from treasury.core import access
from treasury.models import JournalEntry, Lot, OutboxEvent, Posting
from treasury.selectors.journal import with_lines


class PostingShape(TypedDict):
    line: int
    account: str
    account_kind: str
    holder: str | None
    quantity: TokenAmount | None
    amount: Fiat
    price: Fiat | None


class LotShape(TypedDict):
    id: str
    lot_ref: str
    holder: str
    quantity: TokenAmount
    cost: Fiat
    acquired_at: str


class DisposalShape(TypedDict):
    lot: str
    quantity: TokenAmount
    cost: Fiat
    proceeds: Fiat
    gain: Fiat
    long_term: bool


class JournalEntrySerializer(ObjectSerializer):
    """Debits are positive; the amounts of the postings sum to exactly 0."""

    object_name = "journal_entry"

    treasury = serializers.CharField(source="treasury.public_id")
    sequence = serializers.IntegerField()
    kind = serializers.CharField()
    external_ref = serializers.CharField()
    description = serializers.CharField()
    occurred_at = serializers.SerializerMethodField()
    chain_id = serializers.IntegerField(source="treasury.chain_id")
    block_number = serializers.IntegerField()
    tx_hash = serializers.CharField()
    log_index = serializers.IntegerField(allow_null=True)
    safe_tx_hash = serializers.CharField()
    proposal = serializers.CharField(source="proposal_ref")
    reverses = serializers.SerializerMethodField()
    reversed_by = serializers.SerializerMethodField()
    cost_basis_incomplete = serializers.BooleanField()
    postings = serializers.SerializerMethodField()
    lots = serializers.SerializerMethodField()
    disposals = serializers.SerializerMethodField()

    def get_occurred_at(self, row: JournalEntry) -> str:
        return block_time(row.occurred_at)

    def get_reverses(self, row: JournalEntry) -> str | None:
        return row.reverses.public_id if row.reverses else None

    def get_reversed_by(self, row: JournalEntry) -> str | None:
        later: JournalEntry | None = getattr(row, "reversed_by", None)
        return later.public_id if later else None

    def get_postings(self, row: JournalEntry) -> list[PostingShape]:
        return [_posting(line, row.treasury.functional_currency) for line in row.postings.all()]

    def get_lots(self, row: JournalEntry) -> list[LotShape]:
        return [
            {
                "id": lot.public_id,
                "lot_ref": lot.lot_ref,
                "holder": lot.holder,
                "quantity": token_amount(lot.units, lot.asset),
                "cost": fiat(lot.cost_usd),
                "acquired_at": block_time(lot.acquired_at),
            }
            for lot in row.lots.all()
        ]

    def get_disposals(self, row: JournalEntry) -> list[DisposalShape]:
        return [
            {
                "lot": part.lot.public_id,
                "quantity": token_amount(part.units, part.lot.asset),
                "cost": fiat(part.cost_usd),
                "proceeds": fiat(part.proceeds_usd),
                "gain": fiat(part.proceeds_usd - part.cost_usd),
                "long_term": part.is_long_term,
            }
            for part in row.disposals.all()
        ]


def _posting(line: Posting, currency: str) -> PostingShape:
    account = line.account
    quantity = None
    if account.asset is not None and line.units is not None:
        quantity = token_amount(line.units, account.asset)
    return {
        "line": line.line,
        "account": account.code,
        "account_kind": account.kind,
        "holder": account.holder or None,
        "quantity": quantity,
        "amount": fiat(line.amount_usd, currency),
        "price": fiat_or_none(line.price_usd),
    }


class LotSerializer(ObjectSerializer):
    """A lot changes with each disposal: `version` counts them, `remaining` is what they left."""

    object_name = "lot"

    lot_ref = serializers.CharField()
    treasury = serializers.CharField(source="treasury.public_id")
    entry = serializers.CharField(source="entry.public_id")
    holder = serializers.CharField()
    sequence = serializers.IntegerField()
    created_at = serializers.DateTimeField(source="entry.created_at")
    updated_at = serializers.SerializerMethodField()  # type: ignore[assignment]  # it does change
    acquired_at = serializers.SerializerMethodField()
    quantity = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    remaining = serializers.SerializerMethodField()
    remaining_cost = serializers.SerializerMethodField()

    def get_version(self, row: Lot) -> int:
        return 1 + len(row.disposals.all())

    def get_updated_at(self, row: Lot) -> str:
        changes = [part.entry.created_at for part in row.disposals.all()]
        return max([row.entry.created_at, *changes]).isoformat().replace("+00:00", "Z")

    def get_acquired_at(self, row: Lot) -> str:
        return block_time(row.acquired_at)

    def get_quantity(self, row: Lot) -> TokenAmount:
        return token_amount(row.units, row.asset)

    def get_cost(self, row: Lot) -> Fiat:
        return fiat(row.cost_usd)

    def get_remaining(self, row: Lot) -> TokenAmount:
        return token_amount(row.units_left, row.asset)

    def get_remaining_cost(self, row: Lot) -> Fiat:
        return fiat(row.cost_left_usd)


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    object = serializers.SerializerMethodField()
    type = serializers.CharField(source="kind")
    treasury = serializers.CharField(source="treasury.public_id")
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField(source="created_at")
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # the member is called so

    def get_object(self, _: OutboxEvent) -> str:
        return "event"

    def get_data(self, row: OutboxEvent) -> dict[str, Any]:
        return {"object": row.payload}


ENTRIES: Any = with_lines(JournalEntry.objects.all())
LOTS: Any = Lot.objects.select_related("treasury", "asset", "entry").prefetch_related(
    "disposals__entry"
)


class JournalEntries(SequencedListView):
    required_action = access.LEDGER_READ
    queryset = ENTRIES
    serializer_class = JournalEntrySerializer
    filters = {
        "treasury": "treasury__public_id",
        "after_sequence": "sequence__gt",
        "kind": "kind",
        "tx_hash": "tx_hash",
        "proposal": "proposal_ref",
        "external_ref": "external_ref",
    }


class JournalEntryDetail(DetailView):
    required_action = access.LEDGER_READ
    queryset = ENTRIES
    serializer_class = JournalEntrySerializer


class Lots(ListView):
    required_action = access.LEDGER_READ
    queryset = LOTS
    serializer_class = LotSerializer
    cursor_ordering = ("treasury", "sequence")
    filters = {
        "treasury": "treasury__public_id",
        "asset": "asset__public_id",
        "holder": "holder",
        "remaining[gt]": "units_left__gt",
    }
    times = {"created_at[gte]": "entry__created_at__gte"}
    whole_numbers = frozenset({"remaining[gt]"})


class LotDetail(DetailView):
    required_action = access.LEDGER_READ
    queryset = LOTS
    serializer_class = LotSerializer


class Events(SequencedListView):
    required_action = access.EVENTS_READ
    queryset: Any = OutboxEvent.objects.select_related("treasury")
    serializer_class = EventSerializer
    filters = {
        "treasury": "treasury__public_id",
        "after_sequence": "sequence__gt",
        "type": "kind",
    }
    times = {"created_at[gte]": "created_at__gte"}
