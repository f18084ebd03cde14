"""What trace computes of a person's rows to say which are needed: leaves, spells, positions, months, lines of a file.
Not here: the rows of whole cells (golden/test_trace.py). Days are plain numbers.
"""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from warehouse.trace.comparisons import _spans, _whole
from warehouse.trace.equality import _days, _Leave, _percent_days, _whole_leaves, _YearOfLeave
from warehouse.trace.lineage import SourceFile
from warehouse.trace.minimal import smallest
from warehouse.trace.persons import Held, _person
from warehouse.trace.sick_leave.spells_of_length import _Calendar, _Outcome, _Row
from warehouse.trace.workforce import _Held, _made_of


def leave(first: int, last: int | None, percent: int = 100, row: int = 1) -> _Leave:
    return _Leave(row, first, last, Decimal(percent))


def test_rows_with_at_most_14_days_between_them_are_one_leave() -> None:
    assert [len(_whole_leaves([leave(21 + gap, 90), leave(10, 20)])) for gap in (14, 15)] == [1, 2]
    # Counted from the latest end so far, which is not that of the row before.
    assert len(_whole_leaves([leave(10, 50), leave(12, 20), leave(65, 70)])) == 1


def test_percents_of_a_day_of_leave_count_together_up_to_100() -> None:
    assert _percent_days([leave(1, 10, 60), leave(6, 10, 60)]) == 5 * 60 + 5 * 100
    assert _percent_days([leave(1, 2, 50), leave(5, 5, 50)]) == 3 * 50


def test_a_day_of_leave_counts_once() -> None:
    assert _days([(5, 12), (1, 10), (12, 12), (20, 20)]) == 13


def test_a_leave_ends_in_the_year_of_its_last_day_once_that_has_been() -> None:
    def ended(first: int, last: int | None, as_of: int = 150) -> tuple:
        return _YearOfLeave(100, 199, as_of, frozenset({"ended_leaves"}))([leave(first, last)])

    assert (ended(91, 150), ended(91, 151), ended(91, None)) == ((True, (1, 6000)), (True, (0, 0)), (True, (0, 0)))
    assert (ended(91, 100), ended(91, 99)) == ((True, (1, 1000)), (False, (0, 0)))
    assert (ended(190, 199, 300), ended(190, 200, 300)) == ((True, (1, 1000)), (True, (0, 0)))
    # What goes on in an open row has not ended with the row before.
    goes_on = [leave(91, 120), leave(121, None)]
    assert _YearOfLeave(100, 199, 150, frozenset({"ended_leaves"}))(goes_on) == (True, (0, 0))


def test_days_of_leave_in_a_year_go_to_the_as_of_date() -> None:
    outcome = _YearOfLeave(100, 199, 150, frozenset({"parental_leave_days"}))
    assert outcome([leave(140, None)]) == outcome([leave(140, 170)]) == (True, 11)
    assert (outcome([leave(150, None)]), outcome([leave(151, None)])) == ((True, 1), (False, 0))
    assert (outcome([leave(90, 100)]), outcome([leave(90, 99)])) == ((True, 1), (False, 0))


def test_who_came_and_who_left() -> None:
    def flow(*positions: tuple[bool, bool]) -> tuple[object, ...]:
        held = [_Held(row, now, before) for row, (now, before) in enumerate(positions)]
        return _made_of(held, frozenset({"joined_12m", "left_12m", "persons", "positions"}))

    assert flow((True, False)) == (True, False, True, 1)
    assert flow((False, True)) == (False, True, False, 0)
    assert flow((False, False)) == (True, True, False, 0)  # between the two dates alone
    assert flow((True, False), (False, True)) == (False, False, True, 1)
    assert flow((True, True), (True, False)) == (False, False, True, 2)
    assert flow() == (False, False, False, 0)


def test_a_person_is_what_all_positions_say_and_temporary_by_the_largest() -> None:
    positions = [Held(1, Decimal(40), None, True, 2), Held(2, Decimal(60), "Nei", False, 1)]
    assert _person(positions) == (Decimal(100), False, True, False)
    assert _person(positions[:1]) == (Decimal(40), False, False, True)
    assert _person([*positions, Held(3, Decimal(5), "Ja", True, 3)])[1] is True


def test_months_that_follow_each_other_and_the_whole_of_a_period() -> None:
    assert _spans([1, 2, 3, 5, 7, 8]) == [(1, 3), (5, 5), (7, 8)]
    con: Any = None
    whole = {kind: len(_whole(con, {"period_type": kind}, [25, 24])) for kind in ("quarter", "half_year", "year")}
    assert whole == {"quarter": 3, "half_year": 6, "year": 12}
    assert _whole(con, {"period_type": "quarter"}, [25, 24]) == [24, 25, 26]
    assert [_whole(con, {"period_type": kind}, [24]) for kind in ("month", "year_to_date", "rolling_12")] == [[24]] * 3


def test_the_last_rows_that_change_nothing_are_left_out() -> None:
    rows = [("a", 1), ("a", 2), ("b", 3)]
    assert smallest(rows, lambda some: {letter for letter, _ in some}) == [("a", 1), ("b", 3)]
    assert smallest(rows, lambda some: {letter for letter, _ in some}, lambda row: row[1] == 1) == [("a", 2), ("b", 3)]


def test_the_line_of_a_row() -> None:
    def line(row: int, *offsets: tuple[int, int | None]) -> int | None:
        return SourceFile("fravaer", "", "", None, 9, 9, 0, offsets).line_of(row)  # type: ignore[arg-type]

    assert [line(row, (0, 1), (5, 2)) for row in (1, 4, 5, 6)] == [2, 5, 7, 8]
    assert (line(1, (0, None)), line(3, (0, 1), (3, None))) == (None, None)


# Two weeks from Monday, day 1, on: how many working days there have been by each day.
WORKING_DAYS = {day: day - 2 * (day // 7) - (day % 7 == 6) for day in range(15)}


def test_working_days_of_the_counted_year() -> None:
    calendar = object.__new__(_Calendar)
    calendar.index, calendar.first, calendar.last = WORKING_DAYS, 3, 8
    assert [calendar.working_days(*days) for days in ((1, 9), (4, 5), (6, 7), (8, 8), (9, 12), (1, 2))] == [4, 2, 0, 1, 0, 0]


def test_a_working_day_between_two_absences_begins_another_spell() -> None:
    calendar: Any = SimpleNamespace(index=WORKING_DAYS)
    formula: Any = None
    outcome = _Outcome(formula, formula, calendar, frozenset(), "")

    def spells(*absences: tuple[int, int]) -> list[int]:
        rows = [_Row(n, "doctor", None, Decimal(100), first, last) for n, (first, last) in enumerate(absences)]
        return [len(spell) for spell in outcome._spells(rows)]

    assert (spells((1, 5), (8, 9)), spells((1, 4), (8, 9))) == ([2], [1, 1])
    assert (spells((1, 3), (4, 5)), spells((1, 3), (5, 5))) == ([2], [1, 1])
    # After the latest end so far, not that of the absence before.
    assert spells((1, 9), (2, 3), (10, 10)) == [3]
