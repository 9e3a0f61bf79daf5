"""The stage of governance's tests."""

from tests.integration.governance.conftest import chain, db, empty_cache, opening, seeded, stage

__all__ = ["chain", "db", "empty_cache", "opening", "seeded", "stage"]
