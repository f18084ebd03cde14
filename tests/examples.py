"""How many examples hypothesis tries of a property: few in `make test`, many in `make exhaustive`.
Not here: the properties.

The examples follow from the test alone, so that the same ones are tried on every machine; nothing is remembered between runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

EXHAUSTIVE = "exhaustive"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def register_profiles() -> None:
    """The profiles `test`, which counts when none is named, and `exhaustive`, for --hypothesis-profile."""
    for name in ("test", EXHAUSTIVE):
        settings.register_profile(
            name, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck), print_blob=False
        )
    settings.load_profile("test")


def is_exhaustive() -> bool:
    """Whether this is a run of `make exhaustive`."""
    return settings.get_current_profile_name() == EXHAUSTIVE


def examples(few: int, many: int, *, shrink: bool = True) -> Decorator:
    """Of a property: so many examples by each of the two profiles. Without `shrink` the first failing one is reported."""
    number = many if is_exhaustive() else few
    phases = [phase for phase in Phase if phase is not Phase.explain and (shrink or phase is not Phase.shrink)]
    return settings(max_examples=number, phases=phases)


def over_seeds(few: int, many: int) -> Decorator:
    """Give a property the seeds of so many random municipalities as its argument `seed`; none is simpler than another."""

    def decorated(test: Callable[..., Any]) -> Callable[..., Any]:
        return examples(few, many, shrink=False)(given(seed=st.integers(1, 9999))(test))

    return decorated
