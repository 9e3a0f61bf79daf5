"""Every scenario by its name."""

from __future__ import annotations

from config.local.scenarios.base import Script
from config.local.scenarios.hybrid import hybrid

SCENARIOS: dict[str, Script] = {"hybrid": hybrid}
