"""What an attack finds: single findings, and the report of a publication with its counts by table.
Not here: how anything is found (attacker.py). A finding never holds a value, only cells, relations and widths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from warehouse.sdc.attack.cells import Snapshot


@dataclass(frozen=True)
class Finding:
    """A withheld cell that is not safe.

    `kind`: `pinned` by elimination; `narrow`, its interval by linear programming is too narrow; `sum`, a sum of withheld cells
    of one unit, or of one kind over the tree, is known and below the threshold; `mixed`, such a sum of cells of several units
    and several kinds; `moved`, it follows from the figures and the units of the publication before beside those of now;
    `headcount`, how many persons it has follows from whole numbers and thresholds; `copy`, another table serves it; `own`,
    narrow or in a small sum because it holds positions of leading units alone, whose number follows from the units and those
    below them; `before`, it follows from what the publication before served, so that nothing served now adds to it and nothing
    withheld now hides it. `width` is the interval's, as a share of the threshold.
    """

    table: str
    cell: dict[str, str]
    kind: str
    by: str
    width: float | None = None
    # Places of the cells whose sum must become uncertain, among those of the snapshot.
    members: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_leak(self) -> bool:
        """Whether it fails a publication: all but `own`, `mixed` and `before` do (docs/attack.md says why)."""
        return self.kind not in ("own", "mixed", "before")

    def text(self) -> str:
        """The cell and what gives it away, never a value."""
        grain = " ".join(f"{name}={value}" for name, value in self.cell.items())
        if self.width is not None:
            return f"{self.table} {grain}: narrowed to {100 * self.width:.2g} % of the threshold by {self.by}"
        found = {
            "pinned": "computable by",
            "sum": "in a computable sum below the threshold:",
            "mixed": "in a computable sum below the threshold:",
            "own": "in a computable sum below the threshold:",
            "moved": "computable by",
            "headcount": "its headcount follows from",
            "copy": "served as",
            "before": "known since the publication before by",
        }
        return f"{self.table} {grain}: {found[self.kind]} {self.by}"


@dataclass
class TableResult:
    """What the attack found in one table: its withheld cells, how many of them by each kind of finding, seconds."""

    withheld: int = 0
    pinned: int = 0
    narrow: int = 0
    sum: int = 0
    mixed: int = 0
    moved: int = 0
    headcount: int = 0
    copy: int = 0
    own: int = 0
    before: int = 0
    seconds: float = 0.0


@dataclass
class Report:
    """Results by table, all findings in the order of the families, and what could not be examined."""

    tables: dict[str, TableResult] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Where leaks were found, with them; leaks of no single time are by themselves.
    leaking: list[tuple[Snapshot | None, list[Finding]]] = field(default_factory=list)

    def add(self, findings: Iterable[Finding], snapshot: Snapshot | None = None) -> None:
        findings = list(findings)
        if leaks := [finding for finding in findings if finding.is_leak]:
            self.leaking.append((snapshot, leaks))
        for finding in findings:
            self.findings.append(finding)
            table = self.of(finding.table)
            setattr(table, finding.kind, getattr(table, finding.kind) + 1)

    def of(self, table: str) -> TableResult:
        return self.tables.setdefault(table, TableResult())

    @property
    def leaks(self) -> list[Finding]:
        """The findings that fail a publication (docs/attack.md says which do not, and why)."""
        return [finding for finding in self.findings if finding.is_leak]

    def as_dict(self) -> dict:
        """Ready for JSON."""
        return {
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "findings": [
                {name: value for name, value in asdict(finding).items() if name != "members"} for finding in self.findings
            ],
            "notes": self.notes,
        }
