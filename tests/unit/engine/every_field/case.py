"""A case of one field, and the lenses through which an effect is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from tests.unit.engine.tiers import inputs, policy
from treasury.core.decisions import Decision
from treasury.core.policies import TierPolicy
from treasury.engine.decision import decide

BASE = policy()
See = Callable[[TierPolicy], object]


@dataclass(frozen=True, slots=True)
class Case:
    """`field` as `Class.name`. `see` looks at the effect; it shows `before` under `base` and
    `after` under `changed`, and nothing but the field differs between these."""

    field: str
    changed: TierPolicy
    see: See
    before: object
    after: object
    base: TierPolicy = BASE


def fields_of(cls: type) -> Iterator[str]:
    """All that a policy can say, as `Class.name`. A field that only holds another dataclass says
    nothing by itself; one that holds several of them says how many."""
    hints = get_type_hints(cls)
    for item in fields(cls):
        nested = _nested(hints[item.name])
        if hints[item.name] is not nested:
            yield f"{cls.__name__}.{item.name}"
        if nested is not None:
            yield from fields_of(nested)


def _nested(hint: Any) -> Any:
    """The dataclass inside a type hint (itself, optional, or in a tuple), None when none is."""
    if is_dataclass(hint):
        return hint
    return next((found for part in get_args(hint) if (found := _nested(part))), None)


def differing(one: Any, other: Any) -> set[str]:
    """`Class.name` of each field in which two values of one class differ."""
    found: set[str] = set()
    for item in fields(one):
        left, right = getattr(one, item.name), getattr(other, item.name)
        if left != right:
            found |= _inside(left, right) or {f"{type(one).__name__}.{item.name}"}
    return found


def _inside(left: object, right: object) -> set[str]:
    if is_dataclass(left) and is_dataclass(right):
        return differing(left, right)
    both_tuples = isinstance(left, tuple) and isinstance(right, tuple)
    if both_tuples and len(left) == len(right):  # type: ignore[arg-type]
        pairs = zip(left, right, strict=True)  # type: ignore[call-overload]
        return {name for one, other in pairs if one != other for name in _inside(one, other)}
    return set()


# ---------------------------------------------------------------------------------------- lenses
def decided(show: Callable[[Decision], object], **situation: Any) -> See:
    """What `show` says of the decision in a situation of `tiers.inputs`."""
    return lambda rules: show(decide(inputs(policy=rules, **situation)))


def trades(decision: Decision) -> dict[str, Decimal]:
    """`a>b` -> USD, named by the letter of each address."""
    return {
        f"{trade.sell[2]}>{trade.buy[2]}": trade.value_usd.normalize() for trade in decision.trades
    }


def dropped(decision: Decision) -> list[str]:
    return [skipped.rule for skipped in decision.skipped]


def outcome(decision: Decision) -> str:
    return decision.outcome.value


def trigger(decision: Decision) -> tuple[bool, str]:
    return decision.trigger.fired, decision.trigger.kind


def turnover(decision: Decision) -> int:
    """In whole thousands of USD, so that fees do not show."""
    total = sum((trade.value_usd for trade in decision.trades), Decimal(0))
    return round(total / 1000)
