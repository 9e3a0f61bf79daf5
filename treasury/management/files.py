"""JSON files of commands that need no database: read strictly, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

BAD_INPUT = 2


def bad_input(message: str) -> CommandError:
    """Exit code 2; `message` says what is wrong, where, and how to mend it."""
    return CommandError(message, returncode=BAD_INPUT)


def read_document(path: str) -> Any:
    """The JSON of a file. Floats come as they are: who reads the document refuses them with their
    place."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_object)
        if "\\ud" in text.lower():  # half a character passes the parser and breaks the writer
            json.dumps(document, ensure_ascii=False).encode()
    except OSError as error:
        raise bad_input(
            f"{path}: cannot be read ({error.strerror}); name a readable file"
        ) from None
    except json.JSONDecodeError as error:
        raise bad_input(
            f"{path}: no JSON at line {error.lineno}, column {error.colno}: {error.msg}; mend it"
        ) from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise bad_input(f"{path}: no UTF-8 text ({error.reason}); save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise bad_input(f"{path}: {error}; mend it") from None
    return document


def write_document(path: str, text: str) -> None:
    """The file is there with all of the text, or as it was. A device or pipe is written to."""
    target = Path(path).resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise bad_input(
            f"{path}: cannot be written ({error.strerror}); name a file in a writable folder"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal keys JSON readers take one silently: which one was meant?"""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the field {twice!r:.80} twice")
    return found
