"""The report as one PDF for the meeting papers: a cover with contents, and the pages one after the other.
Not here: the pages themselves (render.py).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from warehouse.memory import rarely_collected
from warehouse.report.process import run_module
from warehouse.report.render import TEMPLATES, Page, Site

# On paper nothing can be chosen: a number is a number.
NUMBER = re.compile(r'<a class="n"[^>]*>([^<]*)</a>')
INNER_NAVIGATION = re.compile(r'<nav class="inner".*?</nav>', re.DOTALL)
IDENTIFIER = re.compile(r' id="[^"]*"')
CELL = re.compile(r' data-cell="[^"]*"')
LINK = re.compile(r'href="([\w-]+)\.html(?:#[\w-]*)?"')


def anchor(page: Page) -> str:
    """A page's place in the PDF."""
    return f"p-{page.name.removesuffix('.html')}"


def write_pdf(pages: Sequence[tuple[Page, int]], title: str, site: Site, folder: Path, name: str) -> None:
    """Write the pages, each with its level in the contents, as a PDF into the folder of the report.

    Raises:
        ProgramFault: it cannot be made.
    """
    known = {anchor(page) for page, _ in pages}
    bodies = [(anchor(page), Markup(_for_paper(site.body(page), known))) for page, _ in pages]
    contents = [(anchor(page), page.title, level) for page, level in pages]
    style = (TEMPLATES / "print.css").read_text(encoding="utf-8")
    html = site.environment.get_template("print.html.j2").render(title=title, contents=contents, bodies=bodies, style=style)
    run_module(__spec__.name, str(folder), name, given=html, makes="the report as PDF")


def _for_paper(body: str, known: set[str]) -> str:
    body = NUMBER.sub(r"\1", body)
    body = CELL.sub("", IDENTIFIER.sub("", INNER_NAVIGATION.sub("", body)))
    body = body.replace("<details>", "<details open>")

    def inside(found: re.Match[str]) -> str:
        return f'href="#p-{found[1]}"' if f"p-{found[1]}" in known else ""

    return LINK.sub(inside, body)


def _make(html: str, folder: Path, name: str) -> None:
    # Where fontTools cuts the fonts, it writes the time into them: this one, so that the same publication gives the same bytes.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        import weasyprint
    except OSError as error:
        sys.exit(f"Pango is missing (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0): {str(error).splitlines()[0]}")

    document = weasyprint.HTML(string=html, base_url=f"{folder.resolve()}/")
    # Tagged, so that a screen reader can follow it.
    document.write_pdf(folder / name, pdf_tags=True)


if __name__ == "__main__":
    with rarely_collected():
        _make(sys.stdin.read(), Path(sys.argv[1]), sys.argv[2])
