"""How pages write numbers, times and addresses: always with their unit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from governance.core.wording.numbers import rule_number, short_span

register = template.Library()
MISSING = "—"
MINUTE = 60
SHOWN_DIGITS = 6
GROUP = 4


@register.filter
def usd(value: Decimal | None) -> str:
    """`12345.6` -> `12,345.60 USD`; a dash where there is no price."""
    return MISSING if value is None else f"{value:,.2f} USD"


@register.filter
def units(value: int | None, decimals: int) -> str:
    """Base units as a token amount, exact, without trailing zeros."""
    if value is None:
        return MISSING
    text = f"{Decimal(value).scaleb(-decimals):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def roughly(value: int | None, decimals: int) -> SafeString | str:
    """Base units as a token amount with at most six digits behind the point, rounded down; all of
    them for whoever points at it."""
    if value is None:
        return MISSING
    exact = units(value, decimals)
    whole, point, digits = exact.partition(".")
    short = f"{whole}{point}{digits[:SHOWN_DIGITS]}".rstrip("0").rstrip(".") if point else exact
    return format_html('<span title="{}">{}</span>', exact, short)


@register.filter
def exactly(amount: Any) -> SafeString:
    """An amount as it is said, with all its digits for whoever points at it or copies them."""
    return format_html('<span title="{}">{}</span>', amount.exact, amount)


@register.filter
def percent(bps: Decimal | int | None) -> str:
    """Basis points as per cent with two digits: `125` -> `1.25 %`."""
    return MISSING if bps is None else f"{Decimal(bps) / 100:,.2f} %"


@register.filter
def utc(timestamp: int | datetime | None) -> SafeString | str:
    """A time element in UTC; takes block time (Unix seconds) or a datetime."""
    if timestamp is None:
        return MISSING
    at = timestamp if isinstance(timestamp, datetime) else datetime.fromtimestamp(timestamp, UTC)
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S")
    )


@register.filter
def day(timestamp: int | None) -> SafeString | str:
    """The UTC date of a block time."""
    if timestamp is None:
        return MISSING
    at = datetime.fromtimestamp(timestamp, UTC)
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), at.strftime("%Y-%m-%d"))


@register.filter
def fraction(value: Decimal | None, digits: int = 2) -> str:
    """A fraction as per cent: `0.125` -> `12.50 %`."""
    return MISSING if value is None else f"{value * 100:,.{digits}f} %"


@register.filter
def points(value: Decimal | None) -> str:
    """A difference of two fractions in percentage points, with its sign: `+1.25 pp`."""
    if value is None:
        return MISSING
    rounded = round(value * 100, 2)
    return f"{rounded:+,.2f} pp" if rounded else "0.00 pp"


@register.filter
def signed_usd(value: Decimal | None) -> str:
    """With its sign; what rounds to nothing has none."""
    if value is None:
        return MISSING
    rounded = round(value, 2)
    return f"{rounded:+,.2f} USD" if rounded else "0.00 USD"


@register.filter
def tokens(value: Decimal | None) -> str:
    """A token amount, as a person reads it: at most six digits behind the point."""
    if value is None:
        return MISSING
    text = f"{value:,.6f}"
    return text.rstrip("0").rstrip(".")


@register.filter
def duration(seconds: int | None) -> str:
    """`11520` -> `3 h 12 min`; the two largest units, rounded down."""
    return MISSING if seconds is None else short_span(int(seconds))


@register.filter
def address(value: str) -> SafeString:
    """Whole, breakable, in the form that a device shows: nobody compares six characters."""
    return format_html('<span class="hash">{}</span>', value)


@register.filter
def in_fours(value: str) -> SafeString:
    """An address for comparing character by character: groups of four, copied without the gaps."""
    groups = [value[:2], *(value[at : at + GROUP] for at in range(2, len(value), GROUP))]
    spans = format_html_join("", "<span>{}</span>", ((group,) for group in groups))
    return format_html('<span class="hash fours" title="{}">{}</span>', value, spans)


@register.filter
def unbroken(text: str) -> str:
    """The sign of per cent stays with its number at the end of a line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


@register.filter
def short_id(public_id: str) -> str:
    return public_id[-8:]


@register.filter
def reading(text: str) -> str:
    """What a rule read or allows, in the units that people use."""
    return rule_number(text)
