"""A cell as words for a shell, and a figure as it is printed. Not here: which cell words mean (golden/test_trace.py)."""

from __future__ import annotations

import shlex

from warehouse.cells import as_words, parse_conditions
from warehouse.numbers import printed


def test_a_shell_gives_the_words_of_a_cell_back() -> None:
    """`<25` would be read from a file of that name, and what stands after an & or ; be another command."""
    for value in ("<25", "65+", "Barn & unge", "A;B", "Ole's barnehage", "$HOME", "Bråset (nord)", "2023-Q4"):
        cell = {"age_group": value, "org_level": "tjenesteområde"}
        assert parse_conditions(shlex.split(as_words(cell))) == cell
    assert as_words({"age_group": "<25"}) == "'age_group=<25'"
    assert as_words({"org_level": "tjenesteområde", "age_group": "25-34"}) == "org_level=tjenesteområde age_group=25-34"


def test_nothing_is_printed_without_a_sign() -> None:
    assert [printed(value) for value in (-1e-12, -0.0, 1e-12, -0.25)] == ["0", "0", "0", "-0,25"]
