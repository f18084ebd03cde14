"""A home's next night, for checks that watch readers follow it: files arrive, `arsverk run` publishes, the workbook is new.
Not here: what Superset and PostgreSQL show then (superset_check.py, postgresql_check.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from tests.command import arsverk
from tests.pipeline.test_examples_of_the_docs import deliver
from tests.pipeline.test_workbook import first_sheet, rows_of
from warehouse.database import publication_opened
from warehouse.paths import Home
from warehouse.workbook import FILE, WITHHELD

SECONDS_OF_A_NIGHT = 1200
# A sheet of the workbook, and the same cells from the served tables: first what names a row by the sheet's headings.
CELLS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "Sykefravær": (
        ("Periode", "Nivå", "Enhetskode"),
        ("Sykefraværsprosent", "Tapte dagsverk"),
        """select period, org_level, org_unit_code, withheld is not null, sick_leave_percent, lost_days
           from sick_leave_by_unit where period_type in ('year', 'quarter')""",
    ),
    "Heltid": (
        ("Kilde", "Dato", "Nivå", "Enhetskode"),
        ("Heltidsandel (80 % og mer)", "Hodetelling"),
        """select case source when 'pai' then 'PAI' else 'lønn' end, cast(reference_date as timestamp), org_level,
               org_unit_code, withheld is not null, full_time_80_percent, headcount
           from full_time_by_unit
           where month(reference_date) % 3 = 0 or reference_date = (select as_of from publication)""",
    ),
}


@dataclass(eq=False)
class Watcher(threading.Thread):
    """Somebody who looks again and again until `is_over`, and remembers how often, how long at most, and what went wrong."""

    address: str
    errors: list[str] = field(default_factory=list)
    reads: int = 0
    longest: float = 0.0
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def watch(self, look: Callable[[], None], failures: tuple[type[BaseException], ...], pause: float = 0) -> None:
        """Look until it is over, with a pause of so many seconds; `failures` are what looking may end in."""
        while not self.is_over.is_set():
            began = time.monotonic()
            try:
                look()
            except failures as error:
                self.errors.append(str(error))
            self.reads += 1
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(pause)


def demo_before_its_last_delivery(folder: Path) -> tuple[Home, Path]:
    """The demo municipality after its first night, and a folder with the files that come next. Takes minutes."""
    home = Home(folder / "home")
    done = arsverk("demo", "--home", home.root)
    assert done.returncode == 0, done.stderr
    arriving = folder / "arriving"
    arriving.mkdir()
    days = sorted({path.stem.split("_")[1] for path in home.landing.glob("stillinger_*")})
    for path in home.landing.glob(f"*_{days[-1]}.*"):
        path.rename(arriving / path.name)
    _run(home)
    return home, arriving


def small_before_its_last_delivery(folder: Path) -> tuple[Home, Path]:
    """A municipality of a hundred persons after its first night, and a folder with the files that come next."""
    home, arriving = Home(folder / "home"), folder / "arriving"
    home.landing.mkdir(parents=True)
    arriving.mkdir()
    deliver(home.landing)
    deliver(arriving, date(2024, 2, 29))
    _run(home)
    return home, arriving


def next_night(home: Home, arriving: Path, settings_file: Path | None = None, **environment: str) -> Path:
    """Let files arrive and run a night; returns the folder of the new publication.

    Args:
        environment: variables of the night's process beside those of this one.

    Raises:
        AssertionError: nothing new was published.
    """
    before = home.current.resolve()
    for path in sorted(arriving.iterdir()):
        shutil.copy(path, home.landing)
    _run(home, settings_file, **environment)
    after = home.current.resolve()
    assert after != before, "the night published nothing new"
    return after


def _run(home: Home, settings_file: Path | None = None, **environment: str) -> None:
    began = time.monotonic()
    given = ["--settings", settings_file] if settings_file else []
    done = arsverk("run", "--home", home.root, *given, seconds=SECONDS_OF_A_NIGHT, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"a night of {time.monotonic() - began:.0f} s: {home.current.resolve().name}", flush=True)


def check_workbook(home: Home, before: Path, folder: Path) -> None:
    """The workbook at its fixed address is that of the publication that is served now, and not the one `before`.

    Args:
        folder: for what LibreOffice writes, where it is installed.

    Raises:
        AssertionError: it is another one, or a figure differs.
    """
    after = home.current.resolve()
    book = load_workbook(home.publish / FILE)
    said = first_sheet(book)
    with publication_opened(after) as con:
        (as_of,) = con.execute("select strftime(as_of, '%d.%m.%Y') from publication").fetchall()[0]
        assert (said["Publisering"], said["Tall til og med"]) == (after.name, as_of), said
        compared = 0
        for name, (key, measures, query) in CELLS.items():
            rows = {tuple(row[part] for part in key): row for row in rows_of(book[name])}
            for *found, is_withheld, first, second in con.execute(query).fetchall():
                row = rows.pop(tuple(found), None)
                if row is None:
                    assert not is_withheld and first is None, (name, found)
                    continue
                for heading, value in zip(measures, (first, second), strict=True):
                    assert _same(row[heading], WITHHELD if is_withheld else value), (name, found, heading, row[heading], value)
                    compared += 1
            assert not rows, (name, list(rows)[:5])
    old = load_workbook(before / FILE)
    changed = [name for name in book.sheetnames if name not in old.sheetnames or _values(old, name) != _values(book, name)]
    assert {"Les meg", *CELLS} <= set(changed), changed
    print(f"workbook: to {as_of} (before: {first_sheet(old)['Tall til og med']}), {compared} cells as served")
    print(
        f"workbook: {len(changed)} of {len(book.sheetnames)} sheets are new, not {set(book.sheetnames) - set(changed) or '{}'}"
    )
    if not shutil.which("soffice"):
        print("no LibreOffice: the workbook was opened by openpyxl alone")
        return
    command = ["soffice", f"-env:UserInstallation=file://{folder}/office", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", folder / "opened", home.publish / FILE], check=True, capture_output=True)
    opened = load_workbook(folder / "opened" / FILE)
    assert opened.sheetnames == book.sheetnames
    for name in book.sheetnames:
        there, here = _values(opened, name), _values(book, name)
        differing = [place for place in here.keys() | there.keys() if not _same(there.get(place), here.get(place))]
        assert not differing, (name, differing[:5])
    print(f"workbook: LibreOffice opens it with the same {sum(len(_values(book, name)) for name in book.sheetnames)} cells")


def _values(book: Workbook, name: str) -> dict[str, Any]:
    """The cells of a sheet that are not empty."""
    return {cell.coordinate: cell.value for row in book[name].iter_rows() for cell in row if cell.value is not None}


def _same(shown: Any, served: Any) -> bool:
    if isinstance(shown, (int, float)) and isinstance(served, (int, float)):
        return abs(shown - served) < 1e-9 * max(1.0, abs(served))
    return bool(shown == served)
