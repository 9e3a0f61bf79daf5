"""The books: entries from chain facts, their reversal after a reorganisation, and their
opening."""

from treasury.services.ledger.accounts import BookedAccounts
from treasury.services.ledger.book import EntryRefusedError, lock_books
from treasury.services.ledger.opening import open_books
from treasury.services.ledger.posting import post_entries
from treasury.services.ledger.reversing import UnableToReverseError, reverse_entries

__all__ = [
    "BookedAccounts",
    "EntryRefusedError",
    "UnableToReverseError",
    "lock_books",
    "open_books",
    "post_entries",
    "reverse_entries",
]
