"""Turns figures, tables and sentences into HTML: each number carries its cell and leads to its definition.
Not here: what a page says (chapters/, templates/), or how a number is written (numbers.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from warehouse.report import numbers
from warehouse.report.numbers import NO_BREAK_SPACE, WITHHELD
from warehouse.report.queries import Definition, Derived, Figure, Served

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
# Of numbers in figures of a formula, more digits only hide what is divided by what.
DECIMALS_IN_FORMULAS = 1


@dataclass(frozen=True)
class Chart:
    """A picture beside the tables. `alt` says in words what it shows; every figure in it stands in a table as well."""

    name: str
    spec: dict[str, Any]
    alt: str
    caption: str
    note: str = ""


@dataclass
class Row:
    """A row of a table: its header, and its cells."""

    header: Any
    cells: Sequence[Any]
    depth: int = 0
    is_total: bool = False


@dataclass
class Grid:
    """A table of a page. `groups` are headings over several columns, as (heading, columns); `texts` are columns of words."""

    caption: str
    columns: Sequence[str]
    rows: list[Row]
    first: str = ""
    note: str = ""
    groups: Sequence[tuple[str, int]] = ()
    is_wide: bool = False
    texts: Sequence[str] = ()

    def is_text(self, column: int) -> bool:
        """Whether a column holds words, which stand to the left."""
        return self.columns[column] in self.texts

    @property
    def empties(self) -> set[str]:
        """Which signs for figures that are not shown stand in it."""
        return {cell.empty for row in self.rows for cell in row.cells if isinstance(cell, Shown) and cell.figure.value is None}


@dataclass(frozen=True)
class Shown:
    """A figure as it stands on a page. `how`: "plain", "change" (with its sign) or "size" (without it, beside opp or ned)."""

    figure: Figure | Derived
    decimals: int
    how: str = "plain"
    anchor: str = "om-tallene.html"

    @property
    def value(self) -> float | int | None:
        return self.figure.value

    @property
    def empty(self) -> str:
        return self.figure.empty if self.figure.value is None else ""

    @property
    def text(self) -> str:
        """The number alone."""
        value = self.figure.value
        if value is None:
            return self.figure.empty
        if self.how == "change":
            return numbers.signed(value, self.decimals)
        return numbers.number(abs(value) if self.how == "size" else value, self.decimals)

    def __html__(self) -> Markup:
        return Markup(self._html())

    def _html(self) -> str:
        figure, text = self.figure, self.text
        if figure.value is None:
            said = "tallet vises ikke" if figure.empty == WITHHELD else "tallet finnes ikke"
            cell = f' data-cell="{escape(figure.words)}"' if isinstance(figure, Figure) else ""
            return f'<span class="e"{cell}>{figure.empty}<span class="vh"> {said}</span></span>'
        of = figure.of if isinstance(figure, Derived) else (figure,)
        more = f' data-how="{figure.how}"' if isinstance(figure, Derived) else ""
        if isinstance(figure, Figure) and figure.numerator is not None and figure.denominator is not None:
            over = numbers.number(figure.numerator, DECIMALS_IN_FORMULAS)
            under = numbers.number(figure.denominator, DECIMALS_IN_FORMULAS)
            more += f' data-n="{over}" data-m="{under}"'
        if self.how == "size":
            more += " data-size"
        cells = escape(" | ".join(part.words for part in of))
        return f'<a class="n" href="{self.anchor}" data-cell="{cells}"{more}>{text}</a>'


@dataclass
class Page:
    """One page: its file's name, where it stands, its figures, tables and charts.

    `show`, `change` and `size` write figures on it and remember of which measures it must give the definitions.
    """

    served: Served
    name: str
    title: str
    template: str
    chapter: str
    trail: Sequence[tuple[str, str]] = ()
    context: dict[str, Any] = field(default_factory=dict)
    charts: list[Chart] = field(default_factory=list)
    _used: set[tuple[str, str]] = field(default_factory=set)

    def _shown(self, figure: Figure | Derived, decimals: int | None, how: str) -> Shown:
        keys = [(part.table, part.measure) for part in (figure.of if isinstance(figure, Derived) else (figure,))]
        defined = [key for key in keys if key in self.served.definitions]
        self._used.update(defined)
        anchor = f"#d-{defined[0][0]}-{defined[0][1]}" if defined else Shown.anchor
        return Shown(figure, figure.decimals if decimals is None else decimals, how, anchor)

    def show(self, figure: Figure | Derived, decimals: int | None = 1) -> Shown:
        """A figure as it is."""
        return self._shown(figure, decimals, "plain")

    def change(self, figure: Figure | Derived, decimals: int | None = 1) -> Shown:
        """A change, with its sign."""
        return self._shown(figure, decimals, "change")

    def count(self, figure: Figure | Derived) -> Shown:
        """A count."""
        return self._shown(figure, 0, "plain")

    def moved(self, figure: Figure | Derived, since: str) -> Markup:
        """A change of a percentage since then, after a comma in a sentence: opp 0,3 prosentpoeng fra 2022, ned …, uendret …"""
        shown = self._shown(figure, 1, "size")
        if figure.value is None:
            missing = "mens endringen fra {} ikke vises" if figure.empty == WITHHELD else "uten tall for {}"
            return Markup(missing).format(since)
        at = numbers.rounded(figure.value, 1)
        if at == 0:
            return Markup("uendret ({} prosentpoeng) fra {}").format(shown, since)
        return Markup("{} {}{}prosentpoeng fra {}").format("opp" if at > 0 else "ned", shown, NO_BREAK_SPACE, since)

    def chart(self, chart: Chart) -> Chart:
        """Add a chart to the page."""
        self.charts.append(chart)
        return chart

    @property
    def definitions(self) -> list[list[Definition]]:
        """The definitions of the measures on the page, by name; those that several tables share together."""
        found: dict[tuple[str, str, str], list[Definition]] = {}
        for key in sorted(self._used):
            definition = self.served.definitions[key]
            found.setdefault((definition.name, definition.formula, definition.population), []).append(definition)
        return [found[key] for key in sorted(found)]


def template_environment() -> jinja2.Environment:
    """The templates with escaping, and Norwegian dates and numbers."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(day=numbers.day, number=numbers.number)
    return environment


@dataclass(frozen=True)
class Site:
    """What all pages share: the municipality, the logo, the chapters in their order, the publication."""

    municipality: str
    logo: str
    chapters: Sequence[tuple[str, str]]
    publication_id: str
    as_of: str
    pdf: str

    @cached_property
    def environment(self) -> jinja2.Environment:
        """The templates, with what they need of the site."""
        environment = template_environment()
        environment.filters["setting"] = lambda value: str(value).replace(".", ",")
        environment.globals.update(site=self, WITHHELD=WITHHELD, MISSING=numbers.MISSING)
        return environment

    def render(self, page: Page) -> str:
        """A page's body and what stands around it."""
        template = self.environment.get_template(page.template)
        # The definitions on a page are known when its body is written.
        body = Markup(template.render(page=page, **page.context))
        return self.environment.get_template("page.html.j2").render(page=page, body=body)

    def body(self, page: Page) -> Markup:
        """A page's body alone, for the PDF."""
        return Markup(self.environment.get_template(page.template).render(page=page, **page.context))
