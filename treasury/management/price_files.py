"""A CSV file of prices as numbered lines of cells, with its SHA-256."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from treasury.management.files import bad_input

Lines = Iterator[tuple[int, list[str]]]


def read_price_lines(path: str) -> tuple[Lines, str]:
    """Lines are counted as an editor does; blank ones are passed over. A file that is no CSV of
    UTF-8 text is bad input, said when its line is reached."""
    try:
        data = Path(path).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise bad_input(
            f"{path}: cannot be read ({error.strerror}); name a readable file"
        ) from None
    except UnicodeDecodeError as error:
        raise bad_input(f"{path}: no UTF-8 text ({error.reason}); save it as UTF-8") from None
    return _lines(path, text), hashlib.sha256(data).hexdigest()


def _lines(path: str, text: str) -> Lines:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise bad_input(
            f'{path}: line {reader.line_num}: no CSV ({error}); separate by commas, quote by "'
        ) from None
