"""Each field of a policy matters: changed alone, it changes what it says it changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.unit.engine.every_field import CASES
from tests.unit.engine.every_field.case import Case, differing, fields_of
from tests.unit.engine.tiers import policy
from treasury.core.policies import TierPolicy

FIELDS = sorted(set(fields_of(TierPolicy)))


@pytest.mark.parametrize("name", FIELDS)
def test_field__of_a_policy__has_a_case(name: str) -> None:
    assert Counter(case.field for case in CASES)[name] >= 1, f"write a case that changes {name}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.field)
def test_field__changed_alone__seen_as_documented(case: Case) -> None:
    assert differing(case.base, case.changed) == {case.field}
    assert case.before != case.after
    assert case.see(case.base) == case.before
    assert case.see(case.changed) == case.after


def test_case__of_a_field_that_is_not_there__does_not_exist() -> None:
    assert {case.field for case in CASES} <= set(FIELDS)


def test_differing__two_fields_changed__names_both() -> None:
    changed = policy(cost_cap_bps=1, review=replace(policy().review, silence_seconds=1))
    assert differing(policy(), changed) == {
        "TierPolicy.cost_cap_bps",
        "ReviewRules.silence_seconds",
    }
