"""How a figure is printed for people, the same in every command. Not here: JSON and CSV, which carry figures as they are."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def printed(value: object, at_least: int = 0) -> str:
    """A figure in Norwegian with so many decimals or up to six, rounded half away from zero; anything else as it is."""
    if not isinstance(value, float | Decimal):
        return "–" if value is None else str(value)
    rounded = Decimal(repr(value) if isinstance(value, float) else value).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    rounded += 0  # a minus before nothing goes
    whole, _, decimals = f"{rounded:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(at_least, "0")
    return whole.replace(",", " ") + (f",{decimals}" if decimals else "")
