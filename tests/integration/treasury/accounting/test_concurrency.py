"""Several connections at once: one book."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from tests.conftest import Chain
from tests.integration.treasury.accounting.books import (
    WETH_UNIT,
    lots,
    post,
    purchase,
    sale,
)
from tests.integration.treasury.world import build_world
from treasury.core.journal import EntryDraft
from treasury.core.lots import StaleLotsError
from treasury.models import (
    Disposal,
    JournalEntry,
    OutboxEvent,
    Posting,
)

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_two_connections_book_one_after_the_other(chain: Chain) -> None:
    """Four threads tell the same facts and their own: each fact once, no gap, no lot taken
    twice."""
    world = build_world(chain)
    post(world, purchase(world, 1, 100 * WETH_UNIT, "2000"))
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            start.wait()
            for number in range(5):
                post(world, purchase(world, 10 + number, WETH_UNIT, "2000"))
                post(world, purchase(world, 100 * (worker + 1) + number, WETH_UNIT, "2000"))
        except BaseException as error:  # noqa: BLE001  (shown by the main thread)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    numbers = list(JournalEntry.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, 1 + 1 + 5 + 4 * 5))
    events = OutboxEvent.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(events) == list(range(1, len(numbers) + 1))


@pytest.mark.django_db(transaction=True)
def test_a_lot_is_taken_by_one_of_two(chain: Chain) -> None:
    world = build_world(chain)
    post(world, purchase(world, 1, 5 * WETH_UNIT, "2000"))
    drafts = [sale(world, number, 4 * WETH_UNIT, "3000") for number in (2, 3)]
    outcomes: list[str] = []

    def work(draft: EntryDraft) -> None:
        try:
            post(world, draft)
            outcomes.append("posted")
        except StaleLotsError:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["posted", "stale"]
    assert [units for units, _, _ in lots(world)] == [WETH_UNIT]
    assert Disposal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_unbalanced_entry_fails_at_the_commit(chain: Chain) -> None:
    """The database's own check, past all of ours."""
    world = build_world(chain)
    post(world, purchase(world, 1, WETH_UNIT, "2000"))
    entry = JournalEntry.objects.get()
    account = entry.postings.order_by("line")[1].account
    late = Posting(entry=entry, line=9, account=account, amount_usd=Decimal(1))
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        late.save()
    assert Posting.objects.count() == 2
