"""Which sums tie the cells of each table, by the public structure of the house: the problems of the secondary rule.
Not here: where the cells come from (sources.py), or the rules and their solution.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations

import duckdb
import numpy as np

from warehouse.database import one
from warehouse.sdc.linear.blocks import blocks_of_tree
from warehouse.sdc.suppression.problem import Cell, Problem, Relation, distinct
from warehouse.sdc.suppression.sources import ALL_MONTHS, Source

Key = tuple[Hashable, ...]
Place = tuple[str, str]
Found = dict[tuple[Place, Key], int]

# Figures of these levels are served whenever that is possible: what withholding one of their cells costs.
TOP_LEVELS = {"kommune": 200.0, "tjenesteområde": 100.0}
# Units are what the reports are about: a cell of theirs is worth that many of their breakdowns.
UNIT_WEIGHT = 6.0
# The place of what sits on a unit itself, beside the units below it.
OWN = "own"
# Stands for the served lost days of a unit, which no decision of that problem is about.
LOST_DAYS = "lost days"
# The bands of spells as short and long term, where short term ends with a band.
TERM_OF = {"1–3": "short term", "4–16": "short term", "17–56": "long term", "57+": "long term"}
LAST_SHORT_DAY = 16


class Tree:
    """The organisation: which places (units and groups) add up to which."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        units = con.execute("select unit_code, parent_code, group_name from staging.stg_units order by unit_code").fetchall()
        parents = {code: parent for code, parent, _ in units}
        named = {code: group for code, _, group in units}
        levels = con.execute("select unit_code, unit_level from staging.stg_units").fetchall()
        self.levels: dict[str, str] = dict(levels)
        self.children: dict[str, list[str]] = defaultdict(list)
        for code, parent in parents.items():
            if parent:
                self.children[parent].append(code)

        def group_of(code: str | None) -> str | None:
            while code and not named[code]:
                code = parents[code]
            return named[code] if code else None

        groups = {code: group_of(code) for code in parents}
        self.tops = [code for code, parent in parents.items() if not parent]
        # A group is its topmost units, less the units below them that belong to another.
        self.joining: dict[str, list[str]] = defaultdict(list)
        self.leaving: dict[str, list[str]] = defaultdict(list)
        for code, parent in parents.items():
            own, above = groups[code], groups[parent] if parent else None
            if own != above:
                if own:
                    self.joining[own].append(code)
                if above:
                    self.leaving[above].append(code)

    def relations(self, cells: Found) -> list[Relation]:
        """For every unit and group and every breakdown: it is the sum of its parts."""

        def found(codes: Iterable[str], breakdown: Key) -> list[int]:
            return [cells[("", code), breakdown] for code in codes if (("", code), breakdown) in cells]

        relations = []
        for ((level, code), breakdown), whole in cells.items():
            left = [whole]
            if level == "gruppe":
                left += found(self.leaving.get(code, []), breakdown)
                right = found(self.joining.get(code, []), breakdown)
            elif level == OWN:
                continue
            else:
                right = found(self.children.get(code, []), breakdown)
                if ((OWN, code), breakdown) in cells:
                    right.append(cells[(OWN, code), breakdown])
            if right:
                relations.append((left, right))
        return relations

    def blocks(self, cells: Sequence[Cell]) -> list[np.ndarray]:
        """Cells of neighbouring units, with the groups these units belong to."""
        of_place: dict[Hashable, list[int]] = defaultdict(list)
        for i, cell in enumerate(cells):
            of_place[cell.place].append(i)
        groups = defaultdict(list)
        for of_group in (self.joining, self.leaving):
            for group, codes in of_group.items():
                for code in codes:
                    groups[code].append(group)

        def weight(code: str) -> int:
            return len(of_place["", code]) + len(of_place[OWN, code])

        blocks = []
        for block in blocks_of_tree(self.tops, self.children, weight):
            places = [(kind, code) for code in block for kind in ("", OWN)]
            places += [("gruppe", group) for group in dict.fromkeys(group for code in block for group in groups[code])]
            blocks.append(np.array(sorted(i for place in places for i in of_place[place]), dtype=np.int64))
        inside = {i for block in blocks for i in block.tolist()}
        rest = [i for i in range(len(cells)) if i not in inside]
        return [*blocks, np.array(rest, dtype=np.int64)] if rest else blocks


def _parts(whole: Found, broken_down: Found, keep: tuple[int, ...]) -> list[Relation]:
    """Each cell of `whole` is the sum of the cells of `broken_down` that agree in the breakdown's columns `keep`."""
    members: dict[tuple[Place, Key], list[int]] = defaultdict(list)
    for (place, breakdown), cell in broken_down.items():
        members[place, tuple(breakdown[column] for column in keep)].append(cell)
    return [([whole[key]], members[key]) for key in whole if key in members]


class ProblemBuilder:
    """Builds the problem of each scope from the collected cells."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        sources: Sequence[Source],
        thresholds: Mapping[str, float],
        *,
        protect_own_positions: bool = False,
    ) -> None:
        self.con = con
        self.protect_own_positions = protect_own_positions
        self.sources = sources
        self.thresholds = thresholds
        self.tree = Tree(con)

    def problem(self, family: str, scope: str) -> Problem:
        """The cells of one scope with their relations."""
        build: dict[str, Callable[[str], Problem]] = {
            "sick leave": self._sick_leave,
            "persons": self._persons,
            "parental leave": self._parental_leave,
            "pay": self._pay,
            "spells": self._spells,
            "workforce": self._workforce,
            "answers": self._survey,
            "scores": self._survey,
        }
        self._collect(family, scope)
        return build[family](f"{family} {scope}")

    def _collect(self, family: str, scope: str) -> None:
        self.cells: list[Cell] = []
        self.periods: list[int] = []
        self.found: dict[str, Found] = defaultdict(dict)
        for source in self.sources:
            if source.family != family:
                continue
            threshold = self.thresholds[source.table]
            has_units = "org_unit_code" in source.key
            breakdown = len(source.key) - len(source.breakdown)
            key_columns = len(source.natural_key)
            for months, size, is_primary, *key in self.con.execute(
                f"""select months, size, is_primary, {", ".join(source.key)} from cells_{source.table}
                    where scope = $1 order by all""",
                [scope],
            ).fetchall():
                level, code = key[breakdown - 2 : breakdown] if has_units else ("", "")
                weight = TOP_LEVELS.get(level, 1.0)
                if has_units and not source.breakdown:
                    weight *= UNIT_WEIGHT
                # A group by its level and name, as are units the tree does not have; a unit by its code.
                place = (level if level in ("gruppe", "ukjent") else "", code)
                cell = Cell(
                    table=source.table,
                    key=tuple(key),
                    size=size or 0.0,
                    threshold=threshold,
                    is_primary=is_primary,
                    weight=weight,
                    place=place,
                    natural_key=(source.table, *key[-key_columns:]),
                    fewest=source.fewest,
                )
                self._add(source.table, place, tuple(key[breakdown:]), months, cell)
            if source.own:
                columns = ("unit_code", *source.breakdown)
                for months, size, code, *key in self.con.execute(
                    f"""select bit_or(months), sum(size), {", ".join(columns)} from own_{source.table}
                        where scope = $1 group by {", ".join(columns)} order by {", ".join(columns)}""",
                    [scope],
                ).fetchall():
                    # Withheld whatever its size: no table shows it.
                    cell = Cell("", (source.table, code, *key), float(size), threshold, True, 1.0, (OWN, code))
                    self._add(source.table, (OWN, code), tuple(key), months, cell)

    def _add(self, table: str, place: Place, breakdown: Key, months: int, cell: Cell) -> None:
        self.found[table][place, breakdown] = len(self.cells)
        self.cells.append(cell)
        self.periods.append(months)

    def _problem(
        self,
        name: str,
        relations: list[Relation],
        pairs: list[tuple[int, int]] | None = None,
        implied: list[tuple[int, int]] | None = None,
        *,
        protect_own: bool = False,
    ) -> Problem:
        periods = np.array(self.periods, dtype=np.int64)
        months = int(np.bitwise_or.reduce(periods, initial=0))
        patterns = [(periods >> bit) & 1 == 1 for bit in range(months.bit_length()) if months >> bit & 1]
        exists = distinct([np.ones(len(periods), dtype=bool), *patterns])
        only_own = self._only_own(relations, False)
        return Problem(
            name,
            self.cells,
            relations,
            exists,
            pairs or [],
            implied or [],
            protected=~(self._only_own(relations, True) if protect_own else only_own),
            only_own=only_own,
            blocks=self.tree.blocks(self.cells),
            sum_threshold=self._sum_threshold(),
        )

    def _sum_threshold(self) -> float:
        """The threshold of whole units; of what no unit has, the least there is."""
        undivided = {source.table for source in self.sources if not source.breakdown}
        whole = [cell.threshold for cell in self.cells if cell.table in undivided]
        return min(whole or [cell.threshold for cell in self.cells])

    def _only_own(self, relations: list[Relation], protect_own: bool) -> np.ndarray:
        """What sits on units themselves and the cells that consist of nothing else, such as a leader's job code.

        With `protect_own` only what is no small group, or what nothing but figures of the top levels could hide.
        docs/disclosure.md, "Own positions".
        """
        only = {i for i, cell in enumerate(self.cells) if not cell.table and not (protect_own and self._hides(cell))}
        while more := {left[0] for left, right in relations if len(left) == 1 and only.issuperset(right)} - only:
            only |= more
        return np.isin(np.arange(len(self.cells)), list(only))

    def _hides(self, own: Cell) -> bool:
        below = self.tree.children[str(own.key[1])]
        return own.size < own.threshold and any(self.tree.levels[code] not in TOP_LEVELS for code in below)

    def _breakdowns(self, family: str) -> dict[str, tuple[str, ...]]:
        """The tables of a family that break units down, with their dimensions."""
        return {source.table: source.breakdown for source in self.sources if source.family == family and source.breakdown}

    def _sick_leave(self, name: str) -> Problem:
        units, sexes, ages = (self.found[f"sick_leave_by_{by}"] for by in ("unit", "sex", "age"))
        tied_apart = ("sick_leave_by_sex", "sick_leave_by_age")
        by_unit = [self.found[table] for table in self._breakdowns("sick leave") if table not in tied_apart]
        both = {(place, key): cell for (place, key), cell in ages.items() if key[0] == "alle"}
        each = {(place, key): cell for (place, key), cell in ages.items() if key[0] != "alle"}
        relations = [relation for cells in (units, sexes, ages, *by_unit) for relation in self.tree.relations(cells)]
        relations += _parts(units, sexes, ())
        for cells in by_unit:
            relations += _parts(units, cells, ())
        relations += _parts(units, both, ())
        relations += _parts(sexes, each, (0,))
        relations += _parts({(place, key[1:]): cell for (place, key), cell in both.items()}, each, (1,))
        return self._problem(name, relations, protect_own=self.protect_own_positions)

    def _persons(self, name: str) -> Problem:
        units, substitutes = self.found["full_time_by_unit"], self.found["substitutes_by_unit"]
        sexes, breakdowns = self.found["equality_gender_balance"], self._breakdowns("persons")
        tables = [source.table for source in self.sources if source.family == "persons"]
        # Some persons count in several parts of a whole; for the decisions the headcounts add up.
        relations = [relation for table in tables for relation in self.tree.relations(self.found[table])]
        partitions: list[Relation] = []
        for table, breakdown in breakdowns.items():
            of_units = _parts(units, self.found[table], ())
            relations += of_units
            # Nobody is of both sexes.
            partitions += of_units if breakdown == ("sex",) else []
        # Tables with the same breakdown hold the same persons.
        for first, other in combinations(breakdowns, 2):
            if breakdowns[first] == breakdowns[other]:
                relations += _parts(self.found[first], self.found[other], tuple(range(len(breakdowns[first]))))
        # A served sex tells its share of both; a served share of substitutes tells how many all are.
        pairs = [
            (cell, sexes[place, ("mann",)])
            for (place, key), cell in sexes.items()
            if key == ("kvinne",) and (place, ("mann",)) in sexes
        ]
        implied = [(units[key], cell) for key, cell in substitutes.items() if key in units]
        problem = self._problem(name, relations, pairs, implied)
        problem.partitions = partitions
        return problem

    def _parental_leave(self, name: str) -> Problem:
        # The days of both coverages add up to those of `alle`; their takers nearly do.
        cells = self.found["equality_parental_leave"]
        every = {(place, key[:1]): cell for (place, key), cell in cells.items() if key[1] == "alle"}
        each = {(place, key): cell for (place, key), cell in cells.items() if key[1] != "alle"}
        return self._problem(name, _parts(every, each, (0,)))

    def _pay(self, name: str) -> Problem:
        cells = self.found["equality_pay"]
        total: Found = {(place, ()): cell for (place, key), cell in cells.items() if key == (0,)}
        groups = {(place, key): cell for (place, key), cell in cells.items() if key != (0,)}
        codes = self.found["equality_pay_by_job_code"]
        relations = [*_parts(total, groups, ()), *_parts(total, codes, ())]
        # Everybody knows which codes a pay group has: where all are of one group, it is their sum.
        held: dict[Hashable, list[Hashable]] = defaultdict(list)
        for group, code in self.con.execute(
            """select distinct pay_group, job_code from intermediate.int_pay_positions
               where pay_group <> 0 and cast(calendar_year as varchar) = $1 order by all""",
            [name.split()[-1]],
        ).fetchall():
            held[group].append(code)
        of_several = [code for codes_of_one in held.values() for code in codes_of_one]
        for (place, (group,)), cell in groups.items():
            of_group = held[group]
            if all(of_several.count(code) == 1 and (place, (code,)) in codes for code in of_group):
                relations.append(([cell], [codes[place, (code,)] for code in of_group]))
        return self._problem(name, relations)

    def _spells(self, name: str) -> Problem:
        # The short bands of a unit add up to its short-term days and the long ones to its long-term days, which the sick-leave
        # tables may serve: as if they always did.
        cells = self.found["absence_spells_by_unit"]
        relations = self.tree.relations(cells)
        bands_tell_term = one(self.con, "select short_term_max_days from raw.settings")[0] == LAST_SHORT_DAY
        terms: dict[tuple[Place, str], list[int]] = defaultdict(list)
        for (place, (band,)), cell in cells.items():
            if place[0] != OWN:
                terms[place, TERM_OF[str(band)] if bands_tell_term else "all"].append(cell)
        for (place, term), parts in terms.items():
            whole = len(self.cells)
            size = sum(self.cells[i].size for i in parts)
            threshold = self.cells[parts[0]].threshold
            self._add(
                LOST_DAYS, place, (term,), ALL_MONTHS, Cell(LOST_DAYS, (*place, term), size, threshold, False, 1.0, place)
            )
            relations.append(([whole], parts))
        problem = self._problem(name, relations)
        problem.known = np.array([cell.table == LOST_DAYS for cell in self.cells])
        return problem

    def _workforce(self, name: str) -> Problem:
        return self._problem(name, self.tree.relations(self.found["workforce_by_unit"]))

    def _survey(self, name: str) -> Problem:
        # Answers add up where the supplier's figures do, up to fewer than the threshold. A unit the tree does not have can
        # only be a part of the whole municipality.
        (cells,) = (found for found in self.found.values())
        relations = []
        for left, right in self.tree.relations(cells):
            top = self.cells[left[0]]
            if top.key[1] == "kommune":
                right = [*right, *(i for (place, key), i in cells.items() if place[0] == "ukjent" and key == top.key[3:])]
            rest = sum(self.cells[i].size for i in left) - sum(self.cells[i].size for i in right)
            if rest < top.threshold:
                relations.append((left, right))
        return self._problem(name, relations)
