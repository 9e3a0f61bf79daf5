"""When to act (T1-T7): one file per trigger, their order in `registry`, what all of them obey in
`evaluating`."""

from treasury.engine.triggers.base import Sight, not_evaluated
from treasury.engine.triggers.evaluating import Evaluated, evaluate_trigger

__all__ = ["Evaluated", "Sight", "evaluate_trigger", "not_evaluated"]
