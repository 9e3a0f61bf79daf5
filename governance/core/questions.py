"""One question drawn from this very proposal, so that nobody signs what they have not read (G4).

Deterministic per plan and person: the same person is asked the same again, two persons mostly
something else. Whoever reads the page can answer; whoever only clicks cannot. An answer is judged
by its value, not by its commas.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, localcontext
from enum import StrEnum
from hashlib import sha256

PLACES = 2
CHOICES = 4
DIGITS_KEPT_EACH_END = 6
PRECISION = 120
NUMBER = re.compile(r"\d+(?:\.\d+)?")
SEPARATORS = re.compile(r"[ ,_'\u00a0\u2009\u202f]")
HEX_DIGITS = "0123456789abcdef"


class QuestionKind(StrEnum):
    AMOUNT = "AMOUNT"
    CHOICE = "CHOICE"


@dataclass(frozen=True, slots=True)
class AskedLeg:
    """What of a leg can be asked. Amounts in base units; `recipient` is the whole address."""

    sell: str
    sell_decimals: int
    sell_units: int
    buy: str
    buy_decimals: int
    min_buy_units: int
    recipient: str


@dataclass(frozen=True, slots=True)
class Question:
    """`key` names what is asked and is stored with the answer. AMOUNT expects a number in `unit`
    with at least `places` decimals; CHOICE one of `choices`."""

    key: str
    kind: QuestionKind
    text: str
    unit: str = ""
    places: int = PLACES
    choices: tuple[str, ...] = ()
    expected: str = ""
    """What is right, as text: the exact amount, or the choice. Never shown before the answer."""


def question(legs: Sequence[AskedLeg], *, plan_digest: str, person: str) -> Question:
    """Drawn by a hash of plan and person. Needs at least one leg."""
    draw = int.from_bytes(sha256(f"{plan_digest}:{person}".encode()).digest())
    index = draw % len(legs)
    leg, ways = legs[index], (_leaving, _least, _recipient)
    return ways[draw // len(legs) % len(ways)](index, leg, draw)


def is_right(asked: Question, given: str) -> bool:
    """A choice is compared as an address, an amount by value: exact, or rounded (half to even or
    down) to the decimals that were asked for or to more of them, as pages show more. Separators of
    thousands and the unit may be there."""
    if asked.kind is QuestionKind.CHOICE:
        return given.strip().lower() == asked.expected.lower()
    number = _number(given, asked.unit)
    if number is None:
        return False
    with localcontext(Context(prec=PRECISION)):
        exact = Decimal(asked.expected)
        given_places = -int(number.as_tuple().exponent)
        step = Decimal(1).scaleb(-max(asked.places, given_places))
        return number in {
            exact,
            exact.quantize(step, ROUND_DOWN),
            exact.quantize(step, ROUND_HALF_EVEN),
        }


def _number(given: str, unit: str) -> Decimal | None:
    text = SEPARATORS.sub("", given.strip())
    text = re.sub(rf"{re.escape(unit)}$", "", text, flags=re.IGNORECASE) if unit else text
    if not NUMBER.fullmatch(text) or len(text) > PRECISION:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _leaving(index: int, leg: AskedLeg, _: int) -> Question:
    return Question(
        key=f"amount_leaving:{index}",
        kind=QuestionKind.AMOUNT,
        text=f"How much {leg.sell} leaves in leg {index + 1}?",
        unit=leg.sell,
        places=_places(leg.sell_units, leg.sell_decimals),
        expected=_exact(leg.sell_units, leg.sell_decimals),
    )


def _least(index: int, leg: AskedLeg, _: int) -> Question:
    return Question(
        key=f"least_received:{index}",
        kind=QuestionKind.AMOUNT,
        text=f"In the worst case, how much {leg.buy} comes back in leg {index + 1}?",
        unit=leg.buy,
        places=_places(leg.min_buy_units, leg.buy_decimals),
        expected=_exact(leg.min_buy_units, leg.buy_decimals),
    )


def _recipient(index: int, leg: AskedLeg, draw: int) -> Question:
    others = [_twin(leg.recipient, draw, number) for number in range(CHOICES - 1)]
    place = draw // 7 % CHOICES
    choices = [*others[:place], leg.recipient.lower(), *others[place:]]
    return Question(
        key=f"recipient:{index}",
        kind=QuestionKind.CHOICE,
        text=f"Which address receives the {leg.buy} of leg {index + 1}?",
        choices=tuple(choices),
        expected=leg.recipient.lower(),
    )


def _twin(address: str, draw: int, number: int) -> str:
    """Equal at both ends, another one in between: what a look-alike is. Each differs from the
    address and from the other twins at the digit that its number names."""
    digits = list(address.lower().removeprefix("0x"))
    noise = sha256(f"{draw}:{number}:{address.lower()}".encode()).hexdigest()
    first, last = DIGITS_KEPT_EACH_END, len(digits) - DIGITS_KEPT_EACH_END
    for place in range(first + CHOICES, last):
        digits[place] = noise[place]
    marked = first + number
    digits[marked] = HEX_DIGITS[(HEX_DIGITS.index(digits[marked]) + 1) % len(HEX_DIGITS)]
    return "0x" + "".join(digits)


def _places(units: int, decimals: int) -> int:
    """Two decimals; more for an amount so small that two would say nothing, never more than the
    token has."""
    places = PLACES
    while places < decimals and units * 10**places < 10 ** (decimals + 2):
        places += 1
    return min(places, decimals)


def _exact(units: int, decimals: int) -> str:
    with localcontext(Context(prec=PRECISION)):
        return f"{Decimal(units).scaleb(-decimals):f}"
