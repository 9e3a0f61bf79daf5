"""From a reconciled chain fact to a journal entry: one builder per row of the entry table
(AC-14..26).

Each builder returns an `EntryDraft` whose postings sum to exactly 0 (`drafting.balanced_draft`
refuses anything else). Debits are positive. Values are units x price, quantised to 8 decimals;
realised gain or loss is one net posting. The caller matches the lots first (`treasury.core.lots`)
and hands the `LotMatch` in, so that lots and postings cannot tell different stories: units and
proceeds are compared here.

Not done: the fair-value model and period end (AC-25), impairment, gas taken into a lot's cost
(AC-15's other setting), splitting the gas of a batch over its legs.
"""

from treasury.core.entries.arrivals import inflow, opening, suspense_in, yield_income
from treasury.core.entries.disposals import gas, outflow, suspense_out, swap
from treasury.core.entries.drafting import EntryError, EntrySource, ValuedUnits
from treasury.core.entries.moves import deposit, transfer, vault_principal_units, withdrawal

__all__ = [
    "EntryError",
    "EntrySource",
    "ValuedUnits",
    "deposit",
    "gas",
    "inflow",
    "opening",
    "outflow",
    "suspense_in",
    "suspense_out",
    "swap",
    "transfer",
    "vault_principal_units",
    "withdrawal",
    "yield_income",
]
