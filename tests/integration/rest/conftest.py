"""The same local treasury as governance's tests; rows that other connections see."""

from __future__ import annotations

from tests.integration.governance.conftest import empty_cache, sign, stage
from tests.integration.governance.test_concurrency import committed, triggers_back

__all__ = ["committed", "empty_cache", "sign", "stage", "triggers_back"]
