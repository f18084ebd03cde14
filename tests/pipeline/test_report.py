"""The report: every figure is that of its cell, what is withheld stands nowhere, the night and the command make the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.dbt import load_manifest
from tests.builds import Builds, Built, published_without_secondary
from tests.municipalities.traced import deliver
from tests.reading_reports import MISSING, WITHHELD, addresses, broken_links, figures_without_cell, read, wrong_figures
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.publish import publish
from warehouse.report.write import write_report
from warehouse.verify import verify

# Its tables count files, rows and printed figures, which are no cells.
COUNTS = ("om-tallene.html",)
ALL = '{ chapters = ["sick_leave", "units", "full_time", "equality", "survey"] }'


@pytest.fixture(scope="session")
def town(builds: Builds) -> Built:
    """A municipality with every feed and some groups that are withheld, published; it has no report yet."""
    return builds.built(
        deliver,
        published_without_secondary,
        report=ALL,
        min_fte_unit=0.5,
        min_persons=2,
        min_responses=2,
        min_fte_job_code=0.5,
    )


@pytest.fixture(scope="session")
def report(town: Built) -> Path:
    return town.home.current.resolve() / "report"


def test_every_figure_is_that_of_its_cell(town: Built, report: Path) -> None:
    assert list(wrong_figures(report, town.home.current.resolve())) == []
    shown = [figure.text for page in report.glob("*.html") for figure in read(page).figures]
    assert sum(text not in (WITHHELD, MISSING) for text in shown) > 150
    assert WITHHELD in shown
    assert MISSING in shown


def test_every_number_in_a_table_carries_its_cell(report: Path) -> None:
    assert list(figures_without_cell(report, but=COUNTS)) == []


def test_withheld_figures_stand_in_no_file(town: Built, report: Path) -> None:
    """Not even in a chart's description: with all their digits, as the private database has them."""
    written = b"".join(path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file())
    hidden: set[str] = set()
    with duckdb.connect(str(town.home.warehouse_database), read_only=True) as con:
        for table in tables_of(load_manifest()):
            if table.threshold is None:
                continue
            grain = ", ".join(table.grain)
            for measure in table.measures:
                rows = con.execute(
                    f"""select private.{measure} from marts.{table.name} as private
                        inner join served.{table.name} as public using ({grain}) where public.withheld is not null"""
                ).fetchall()
                hidden |= {repr(value) for (value,) in rows if isinstance(value, float) and len(repr(value)) > 8}
            served = con.execute(f"select {', '.join(table.measures)} from served.{table.name}").fetchall()
            hidden -= {repr(value) for row in served for value in row if isinstance(value, float)}
    assert len(hidden) > 20
    assert [value for value in hidden if value.encode() in written] == []


def test_links_lead_somewhere_and_nothing_asks_a_host(report: Path) -> None:
    assert list(broken_links(report)) == []
    assert list(addresses(report)) == []


def test_pictures_say_in_words_what_they_show(report: Path) -> None:
    charts = [image for page in report.glob("*.html") for image in read(page).images]
    assert charts
    assert all(len(image["alt"]) > 40 for image in charts)
    assert {Path(image["src"]).name for image in charts} == {path.name for path in (report / "diagram").iterdir()}


def test_the_same_publication_gives_the_same_bytes(town: Built, report: Path, tmp_path: Path) -> None:
    """The night's report, and the command's of the same publication; verify knows each of its files."""
    out = tmp_path / "papers"
    done = CliRunner().invoke(main, ["report", "--home", str(town.home.root), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert f"{out / 'report' / 'index.html'}" in done.output
    files = {str(path.relative_to(report)): path.read_bytes() for path in report.rglob("*") if path.is_file()}
    again = {str(path.relative_to(out / "report")): path.read_bytes() for path in (out / "report").rglob("*") if path.is_file()}
    assert [name for name in files.keys() | again.keys() if files.get(name) != again.get(name)] == []
    assert files["rapport.pdf"].startswith(b"%PDF-")
    recorded = json.loads((town.home.current / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert {f"report/{name}" for name in files} <= recorded.keys()
    assert verify(town.home) == []


def test_a_past_publication_and_wrong_ones(town: Built, tmp_path: Path) -> None:
    home = town.copy(tmp_path)
    past = home.current.readlink().name
    shutil.copy(home.warehouse_database, home.build_database)
    with connect(home.build_database, town.settings) as con:
        con.execute("update raw.publication set publication_id = '2024-01-31_later'")
    publish(home, town.settings.model_copy(update={"report": town.settings.report}), tables_of(load_manifest()))
    command = ["report", "--home", str(home.root), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*command, "--publication", past])
    assert done.exit_code == 0, done.output
    assert past in (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    wrong = CliRunner().invoke(main, [*command, "--publication", "2019-01-31_x"])
    assert (wrong.exit_code, "there is no publication 2019-01-31_x" in wrong.output) == (2, True)


def test_chapters_and_logo_are_the_municipalitys(town: Built, tmp_path: Path) -> None:
    folder = tmp_path / "publication"
    shutil.copytree(town.home.current.resolve(), folder, ignore=shutil.ignore_patterns("report", "marts.duckdb"))
    logo = tmp_path / "vaapen.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', encoding="utf-8")
    publication = folder / "publication.parquet"
    publication.chmod(0o644)
    with duckdb.connect() as con:
        recorded = json.loads(con.execute(f"select settings from '{publication}'").fetchall()[0][0])
        settings = json.dumps(recorded | {"report": {"chapters": ["full_time"], "logo": str(logo)}})
        con.execute(f"create table p as select * replace ('{settings}' as settings) from '{publication}'")
        con.execute(f"copy p to '{publication}' (format parquet)")
    write_report(folder, tmp_path)
    made = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"index.html", "heltid.html", "om-tallene.html", "logo.svg", "rapport.pdf"} <= made
    assert not {name for name in made if name.startswith(("enhet", "sykefravaer", "likestilling"))}
    assert list(broken_links(tmp_path / "report")) == []


def test_no_chapters_no_report(small_night: Built, tmp_path: Path) -> None:
    write_report(small_night.home.current.resolve(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_evidence_of_a_figure_on_a_page(town: Built, tmp_path: Path) -> None:
    page = tmp_path / "bevis.html"
    cell = ["sick_leave_by_unit", "period=2024-01", "org_level=kommune", "--measure", "sick_leave_percent"]
    done = CliRunner().invoke(main, ["trace", *cell, "--html", str(page), "--home", str(town.home.root)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for said in (
        "Sykefraværsprosent",
        "fravaer_2024-01-31.csv",
        "tapte dagsverk /",
        "arsverk trace sick_leave_by_unit",
        "SHA-256",
    ):
        assert said in text
    assert page.stat().st_mode & 0o777 == 0o600
    figure = [word for word in read(page).names if word]
    assert figure == []
