"""The report: every figure is that of its cell, what is withheld stands nowhere, the night and the command make the same."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.dbt import load_manifest
from tests.builds import Builds, Built, published_without_secondary
from tests.municipalities.traced import SETTINGS, deliver
from tests.reading_reports import MISSING, WITHHELD, addresses, broken_links, figures_without_cell, read, wrong_figures
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.publish import publish
from warehouse.report import write
from warehouse.report.write import write_report
from warehouse.settings import CHAPTERS
from warehouse.verify import verify

# Its tables count files, rows and printed figures, which are no cells.
COUNTS = ("om-tallene.html",)


@pytest.fixture(scope="module")
def town(builds: Builds) -> Built:
    """A municipality with every feed and some groups that are withheld, published without a report."""
    return builds.built(deliver, published_without_secondary, **SETTINGS)


def asking_for(publication: Path, folder: Path, **report: object) -> Path:
    """A copy of a publication whose settings ask for this report."""
    copied = folder / publication.name
    shutil.copytree(publication, copied, ignore=shutil.ignore_patterns("marts.duckdb"))
    row = copied / "publication.parquet"
    row.chmod(0o644)
    with duckdb.connect() as con:
        recorded = json.loads(con.execute(f"select settings from '{row}'").fetchall()[0][0])
        con.execute(f"create table publication as from '{row}'")
        con.execute("update publication set settings = $1", [json.dumps(recorded | {"report": report})])
        con.execute(f"copy publication to '{row}' (format parquet)")
    return copied


@pytest.fixture(scope="module")
def publication(town: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's publication, with a report in it."""
    asking = asking_for(town.home.current.resolve(), tmp_path_factory.mktemp("publication"), chapters=CHAPTERS, logo=None)
    assert write_report(asking, asking) == []
    return asking


@pytest.fixture(scope="module")
def report(publication: Path) -> Path:
    return publication / "report"


def test_every_figure_is_that_of_its_cell(publication: Path, report: Path) -> None:
    assert list(wrong_figures(report, publication)) == []
    shown = [figure.text for page in report.glob("*.html") for figure in read(page).figures]
    assert sum(text not in (WITHHELD, MISSING) for text in shown) > 150
    assert WITHHELD in shown
    assert MISSING in shown


def test_every_number_in_a_table_carries_its_cell(report: Path) -> None:
    assert list(figures_without_cell(report, but=COUNTS)) == []


def test_the_front_page_counts_what_is_withheld(town: Built, publication: Path, report: Path, tmp_path: Path) -> None:
    units = f"'{publication / 'sick_leave_by_unit.parquet'}' where period = '2023' and org_level not in ('kommune', 'gruppe')"
    with duckdb.connect() as con:
        ((hidden, of_all),) = con.execute(f"select count(withheld), count(*) from {units}").fetchall()
        assert 0 < hidden < of_all
        assert f"vises ikke for {hidden} av {of_all} enheter" in (report / "index.html").read_text(encoding="utf-8")
        asking = asking_for(town.home.current.resolve(), tmp_path, chapters=["sick_leave"], logo=None)
        figures = asking / "sick_leave_by_unit.parquet"
        figures.chmod(0o644)
        con.execute(f"create table shown as select * replace (cast(null as varchar) as withheld) from '{figures}'")
        con.execute(f"copy shown to '{figures}' (format parquet)")
    assert write_report(asking, asking) == []
    front = (asking / "report" / "index.html").read_text(encoding="utf-8")
    assert "Sykefraværet i 2023 vises for alle enhetene." in front and "0 av" not in front


def test_what_is_left_out_is_said_in_norwegian(report: Path) -> None:
    about = (report / "om-tallene.html").read_text(encoding="utf-8")
    assert "Ansattnr finnes i ansatte (Ansattnr)" in about
    assert 'lang="en"' not in about


def test_a_table_that_counts_too_says_what_is_percent(report: Path) -> None:
    """Not of all of it: beside persons or årsverk, *Prosent.* alone is said of them as well."""
    with_note = re.compile(r'<table>((?:(?!</table>).)*)</table>\s*</div>\s*<p class="note">([^<]*)', re.DOTALL)
    found = [pair for path in report.glob("*.html") for pair in with_note.findall(path.read_text("utf-8"))]
    counting = [note for table, note in found if re.search(r'<th scope="col">(Personer|Årsverk)\b', table)]
    assert counting
    assert [note for note in counting if re.match(r"Prosent[.;]", note)] == []


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


def test_the_same_publication_gives_the_same_bytes(publication: Path, report: Path, tmp_path: Path) -> None:
    write_report(publication, tmp_path)
    files = {str(path.relative_to(report)): path.read_bytes() for path in report.rglob("*") if path.is_file()}
    made = tmp_path / "report"
    again = {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    assert [name for name in files.keys() | again.keys() if files.get(name) != again.get(name)] == []
    assert files["rapport.pdf"].startswith(b"%PDF-")


def test_publishing_and_the_command_make_the_chosen_chapters(
    town: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = town.copy(tmp_path)
    logo = tmp_path / "vaapen.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', encoding="utf-8")
    shutil.copy(home.warehouse_database, home.build_database)
    chosen = json.dumps({"report": {"chapters": ["full_time"], "logo": str(logo)}})
    with connect(home.build_database, town.settings) as con:
        for row in ("raw.publication", "served.publication"):
            con.execute(f"update {row} set publication_id = '2024-01-31_x', settings = json_merge_patch(settings, '{chosen}')")
    publish(home, town.settings, tables_of(load_manifest()), pytest.fail)
    made = {path.name for path in (home.publish / "report").iterdir()}
    assert {"index.html", "heltid.html", "om-tallene.html", "logo.svg", "rapport.pdf"} <= made
    assert not {name for name in made if name.startswith(("enhet", "sykefravaer", "likestilling"))}
    assert list(broken_links(home.publish / "report")) == []
    assert verify(home) == []
    # Into a folder where the command is started, which is not where the code is.
    monkeypatch.chdir(tmp_path)
    command = ["report", "--home", "home", "--out", "out"]
    done = CliRunner().invoke(main, [*command, "--publication", "2024-01-31_x"])
    assert (done.exit_code, "out/report/index.html" in done.output) == (0, True), done.output
    assert {path.name for path in Path("out", "report").iterdir()} == made
    wrong = CliRunner().invoke(main, [*command, "--publication", "2019-01-31_x"])
    assert (wrong.exit_code, "there is no publication 2019-01-31_x" in wrong.output) == (2, True)


def test_a_pdf_that_cannot_be_made_leaves_the_pages(town: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "PDF", "no-such-folder/rapport.pdf")
    asking = asking_for(town.home.current.resolve(), tmp_path, chapters=["full_time"], logo=None)
    (left_out,) = write_report(asking, tmp_path)
    assert left_out.startswith("the report as PDF: ")
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
        "<dt>Periodetype</dt><dd>måned</dd>",
        "<dt>Foreløpig</dt><dd>nei</dd>",
    ):
        assert said in text
    assert page.stat().st_mode & 0o777 == 0o600
    figure = [word for word in read(page).names if word]
    assert figure == []
