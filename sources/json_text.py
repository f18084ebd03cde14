"""JSON read with its numbers as text in the dialect, exactly as they are written. Light to import.
Not here: what a file's structure means.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.errors import FileRejected


def read_json(path: Path) -> Any:
    """The file's content; a number is a text with a decimal comma.

    Raises:
        FileRejected: no JSON, or nested too deep.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return json.loads(_without_halves(text), parse_float=_number, parse_int=str, parse_constant=str)
    except ValueError as error:
        raise FileRejected(f"cannot be read as JSON ({error}); export it again") from None
    except RecursionError:
        raise FileRejected("cannot be read as JSON (nested too deep); export it again") from None


def _number(written: str) -> str:
    """A number without exponent; one with a large exponent stays as it is written, for the rules to tell."""
    if "e" in written.casefold():
        value = Decimal(written)
        if value and abs(value.adjusted()) > 20:
            return written
        written = format(value, "f")
    return written.replace(".", ",")


def _without_halves(text: str) -> str:
    """Halves of a surrogate pair, which are no text, as the replacement character."""
    return (
        re.sub(r"(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])", r"\1\\ufffd", text)
        if "\\u" in text
        else text
    )
