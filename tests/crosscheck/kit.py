"""Safe's JavaScript kit as referee: installed once per lock (98 MB, about 10 s), asked once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, TypedDict

from config.local.chain.builder.packages import tool
from tests.npm_modules import ensure_modules, run_node

HERE: Final = Path(__file__).resolve().parent / "protocol-kit"
ANSWER_SECONDS: Final = 60


class CaseAnswer(TypedDict):
    """What the kit made of one signed transaction, and what it thinks of our bytes for it."""

    safeTxHash: str
    encodedSignatures: str
    accepted: bool
    wrongAccepted: list[bool]


class KitAnswer(TypedDict):
    version: str
    hashes: list[str]
    cases: list[CaseAnswer]


def ask_kit(request: dict[str, Any]) -> KitAnswer:
    """One Node.js process for all questions."""
    command = [tool("node"), str(HERE / "check.mjs"), str(ensure_modules(HERE))]
    answer: KitAnswer = json.loads(run_node(command, HERE, ANSWER_SECONDS, json.dumps(request)))
    return answer
