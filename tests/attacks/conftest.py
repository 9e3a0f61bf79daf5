"""The stage of governance's tests."""

from tests.integration.governance.conftest import empty_cache, stage

__all__ = ["empty_cache", "stage"]
