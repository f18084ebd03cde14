"""Writes the report of one publication: pages, charts, style, PDF. The same publication gives the same bytes.
Not here: what a page says (chapters/), or when the report is made (papers.py, orchestration).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from warehouse.catalogue import read_tables
from warehouse.errors import ProgramFault, Refused
from warehouse.report.numbers import day
from warehouse.report.queries import AREA, UNIT, Served
from warehouse.report.render import TEMPLATES, Page, Site
from warehouse.settings import CHAPTERS

FOLDER = "report"
CHARTS = "diagram"
PDF = "rapport.pdf"
STYLE = ("report.css", "report.js")


def write_report(publication: Path, target: Path) -> list[str]:
    """Write the report of the publication in a folder into `report/` below the target; nothing when it is to have no chapters.

    Returns:
        A line when the PDF could not be made; the pages are there, and do not name it.

    Raises:
        Refused: the publication does not say what its tables are.
        ProgramFault: a chart cannot be drawn.
    """
    from warehouse.report.charts import unchecked, write_charts
    from warehouse.report.pdf import write_pdf

    tables = read_tables(publication)
    if not all(table.columns for table in tables.values()):
        raise Refused(f"{publication.name} was made by an earlier version of the code, which said too little of its tables")
    with closing(Served(publication, tables)) as served:
        settings = served.settings.get("report", {})
        chosen = settings.get("chapters", CHAPTERS)
        if not chosen or not served.units:
            return []
        with unchecked():
            pages = pages_of(served, chosen)
        folder = target / FOLDER
        (folder / CHARTS).mkdir(parents=True)
        for name in STYLE:
            shutil.copyfile(TEMPLATES / name, folder / name)
        write_charts([chart for page in pages for chart in page.charts], folder / CHARTS)
        site = Site(
            municipality=served.municipality.name,
            logo=_logo(settings.get("logo"), folder),
            chapters=[(page.name, page.title) for page in pages if page.name == page.chapter],
            publication_id=served.publication["publication_id"],
            as_of=day(served.as_of),
            pdf=PDF,
        )
        left_out = []
        try:
            write_pdf(_on_paper(pages), f"Personaltall for {site.municipality}", site, folder, PDF)
        except ProgramFault as fault:
            left_out.append(str(fault))
            site = replace(site, pdf="")
        for page in pages:
            (folder / page.name).write_text(site.render(page), encoding="utf-8")
        return left_out


def pages_of(served: Served, chosen: Sequence[str]) -> list[Page]:
    """The pages of the chapters that are chosen, the front page first."""
    from warehouse.report.chapters import about, equality, front, full_time, sick_leave, survey

    with_units = "units" in chosen
    chapters: list[Page] = []
    units: list[Page] = []
    if "sick_leave" in chosen:
        chapters.append(sick_leave.municipality_page(served, with_units))
    if "full_time" in chosen:
        chapters.append(full_time.municipality_page(served, with_units))
    if "equality" in chosen:
        chapters.append(equality.statement_page(served))
    if "survey" in chosen:
        chapters.append(survey.survey_page(served))
    chapters.append(about.about_page(served))
    if with_units:
        shown = full_time.for_unit if "full_time" in chosen else None
        units = [sick_leave.unit_page(served, unit, shown) for unit in served.units_of(AREA, UNIT)]
    names = [(front.FILE, "Forside"), *((page.name, page.title) for page in chapters)]
    return [front.front_page(served, names, with_units=with_units), *chapters, *units]


def _on_paper(pages: Sequence[Page]) -> list[tuple[Page, int]]:
    """The pages of the PDF with their level in its contents: the chapters, each tjenesteområde below sick leave. Virksomheter
    stand in their tables; with a page each the PDF would have some two hundred and take minutes.
    """
    chosen: list[tuple[Page, int]] = []
    areas = [page for page in pages if page.context.get("is_area")]
    for page in pages:
        if page.name == page.chapter:
            chosen.append((page, 1))
        if page.template == "sick_leave.html.j2":
            chosen += [(area, 2) for area in areas]
    return chosen if any(page.template == "sick_leave.html.j2" for page in pages) else [*chosen, *((area, 2) for area in areas)]


def _logo(path: str | None, folder: Path) -> str:
    """The municipality's logo beside the pages; none when it has none, or the file is gone since."""
    if not path or not Path(path).is_file():
        return ""
    name = f"logo{Path(path).suffix.lower()}"
    shutil.copyfile(path, folder / name)
    return name
