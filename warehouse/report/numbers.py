"""How numbers, dates and periods are written in Norwegian reports. Rounding is half away from zero, in decimal.
Not here: which numbers (queries.py), or how they stand on a page (render.py).
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"
# SSB's standard signs: withheld for confidentiality, and no figure to be had.
WITHHELD = ":"
MISSING = ".."
# Figures are compared with printed ones at nine decimals (dbt_project/models/served/reconciliation.sql): what a double adds
# after them is no part of the figure.
EXACT = Decimal("1e-9")
MONTHS = (
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
)


def rounded(value: float | int | Decimal, decimals: int) -> Decimal:
    """A value at so many decimals, half away from zero: 0.25 at one decimal is 0.3, -0.25 is -0.3."""
    exact = Decimal(repr(value) if isinstance(value, float) else value).quantize(EXACT, ROUND_HALF_UP)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def number(value: float | int | Decimal, decimals: int = 0) -> str:
    """A number as a municipality prints it: decimal comma, a narrow space between thousands, a minus that is no hyphen."""
    at = rounded(value, decimals)
    text = f"{abs(at):,f}".replace(",", NARROW_SPACE).replace(".", ",")
    return f"{MINUS}{text}" if at < 0 else text


def signed(value: float | int | Decimal, decimals: int = 0) -> str:
    """A change: with its sign, and none where it is zero as printed."""
    at = rounded(value, decimals)
    return f"+{number(at, decimals)}" if at > 0 else number(at, decimals)


def day(value: date) -> str:
    """A date in words: 31. oktober 2024."""
    return f"{value.day}.{NO_BREAK_SPACE}{MONTHS[value.month - 1]} {value.year}"


def month(period: str) -> str:
    """A month in words: 2024-10 is oktober 2024."""
    year, of_year = period.split("-")
    return f"{MONTHS[int(of_year) - 1]} {year}"


def months(first: date, last: date) -> str:
    """Whole months from one day to another: november 2023–oktober 2024, januar–oktober 2024."""
    end = f"{MONTHS[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return end
    start = MONTHS[first.month - 1] if first.year == last.year else f"{MONTHS[first.month - 1]} {first.year}"
    return f"{start}{EN_DASH}{end}"


def listed(words: list[str]) -> str:
    """Words as a sentence lists them: a, b og c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} og {words[-1]}" if words else ""
