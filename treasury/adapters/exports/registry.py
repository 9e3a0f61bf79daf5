"""Every export format. A new one is a file beside this one and a line here."""

from __future__ import annotations

from treasury.adapters.exports.base import ExportFormat
from treasury.adapters.exports.beancount import BeancountFormat
from treasury.adapters.exports.csv_journal import CsvFormat

FORMATS: dict[str, ExportFormat] = {
    "csv": CsvFormat(),
    "beancount": BeancountFormat(),
}
