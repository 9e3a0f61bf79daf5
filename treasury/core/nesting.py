"""How deep a JSON text is nested, told before anything parses it.

Python's parser recurses once per level and the Ethereum libraries raise its recursion limit far
beyond what a thread's stack holds: a few hundred kilobytes of brackets would end the process.
"""

from __future__ import annotations

import re
from typing import Final

DEPTH_MAX: Final = 64
"""No document of ours or of a wallet comes near it."""

STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def is_too_deep(text: str) -> bool:
    """Whether objects and arrays stand within each other more than DEPTH_MAX times. Brackets in
    strings do not count. Whether the text is JSON at all is not asked."""
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", STRINGS.sub("", text)):
        depth += STEPS[bracket]
        if depth > DEPTH_MAX:
            return True
    return False
