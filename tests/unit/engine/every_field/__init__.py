"""One case per field of a policy: the field alone is changed, and what it documents changes.

A new field is one `Case` in the module of its subject (or in a new module named in `CASES`)."""

from __future__ import annotations

from tests.unit.engine.every_field import (
    breakers,
    control,
    damping,
    events,
    limits,
    lots,
    routing,
    selection,
    sizing,
    stopping,
    timing,
)
from tests.unit.engine.every_field.case import Case

CASES: tuple[Case, ...] = (
    *selection.CASES,
    *timing.CASES,
    *damping.CASES,
    *events.CASES,
    *sizing.CASES,
    *stopping.CASES,
    *breakers.CASES,
    *control.CASES,
    *limits.CASES,
    *routing.CASES,
    *lots.CASES,
)
