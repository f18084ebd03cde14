"""The import bundle for Superset: database, datasets with certified metrics, charts and one dashboard, as one zip.
Not here: figures or definitions. Metrics are made from metric_definitions, descriptions are the tables' own comments.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import duckdb

from warehouse.catalogue import is_view
from warehouse.database import publication_opened
from warehouse.norwegian import HEADINGS

ROOT = "arsverk"
VERSION = "1.0.0"
# An object keeps its id from bundle to bundle, so that a new one replaces it.
NAMESPACE = UUID("6f1f2f0e-6b5b-4b43-9a5c-1f0a5b6b8d11")
SCHEMA = "main"
# The bytes of the zip depend on its content alone.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
CONNECT = {"read_only": True, "config": {"enable_external_access": "false", "lock_configuration": "true"}}
# Of what is counted at a date or as a mean a sum over times says nothing.
NOT_OVER_TIME = {"årsverk", "personer", "stillinger"}
# The one view whose levels lie beside each other; of the others a sum holds one level.
LEVELS_ADD_UP = {"bi_sick_leave"}


@dataclass(frozen=True)
class Dataset:
    """A table or view of the publication as a dataset with the metrics of its definitions; or a query on some (`sql`) with
    `metrics`, columns of it and what they are called. `calculated` are further columns, as SQL.
    """

    name: str
    title: str
    time: str | None = "period_end"
    sql: str | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    calculated: Mapping[str, str] = field(default_factory=dict)


# What the municipality's own share of full time is called; the name says from which percent on it counts.
OWN_FULL_TIME = (
    "select name from main.metric_definitions where table_name = 'full_time_by_unit' and measure = 'full_time_80_percent'"
)
# The share of people in full time by both definitions, and the straight lines between the adopted targets, month by month.
FULL_TIME_AND_TARGETS = f"""
select period_end, 'Heltidsandel (100 %)' as linje, full_time_100_percent as prosent
from main.full_time_by_unit where source = 'payroll' and org_level = 'kommune'
union all
select period_end, ({OWN_FULL_TIME}), full_time_80_percent
from main.full_time_by_unit where source = 'payroll' and org_level = 'kommune'
union all
select last_day(cast(months.month as date)), replace(({OWN_FULL_TIME}), 'Heltidsandel', 'Vedtatt mål'),
    path.target + (path.next_target - path.target)
        * date_diff('month', path.period_end, months.month) / date_diff('month', path.period_end, path.next_end)
from (
    select period_end, target,
        coalesce(lead(period_end) over (order by period_end), period_end + interval 1 month) as next_end,
        coalesce(lead(target) over (order by period_end), target) as next_target,
        coalesce(lead(period_end) over (order by period_end) - interval 1 month, period_end) as last_month
    from main.targets
    where indicator = 'full_time_80_percent' and org_level = 'kommune' and superseded_by is null
) as path
cross join lateral (
    select unnest(generate_series(path.period_end, path.last_month, interval 1 month)) as month
) as months
""".strip()

# Each whole month of the municipality beside the same month of the year before.
MONTHS = """
select period_end, period, value as prosent, value_year_before as aaret_foer
from main.sick_leave_changes
where period_type = 'month' and measure = 'sick_leave_percent' and org_level = 'kommune' and not is_partial
""".strip()

# The year that is running beside the same part of the year before, of the municipality and its areas.
THIS_YEAR = """
select period_end, period, org_level, org_unit_name, value as hittil, value_year_before as aaret_foer, change_points as endring
from main.sick_leave_changes
where period_type = 'year_to_date' and measure = 'sick_leave_percent' and org_level in ('kommune', 'tjenesteområde')
qualify period = max(period) over ()
""".strip()

DATASETS = (
    Dataset("bi_sick_leave", "Sykefravær per måned, nederste enheter: kan summeres over enhver gren av treet"),
    Dataset("bi_sick_leave_by_sex", "Sykefravær etter enhet og kjønn"),
    Dataset(
        "bi_sick_leave_by_age",
        "Sykefravær etter enhet og alder",
        # Sorted as a text, the youngest comes first.
        calculated={"aldersgruppe": "case when age_group like '<%' then ' ' || age_group else age_group end"},
    ),
    Dataset("bi_sick_leave_by_job_code", "Sykefravær etter enhet og stillingskode"),
    Dataset("sick_leave_by_unit", "Sykefravær etter enhet: alle nivåer, velg ett"),
    Dataset("sick_leave_changes", "Sykefravær sammenlignet med samme periode året før"),
    Dataset("full_time_by_unit", "Heltid etter enhet: alle nivåer, velg ett", "reference_date"),
    Dataset("bi_full_time_by_sex", "Heltid etter enhet og kjønn", "reference_date"),
    Dataset("bi_full_time_by_job_code", "Årsverk etter enhet og stillingskode", "reference_date"),
    Dataset("workforce_by_unit", "Alle ansatte etter enhet og ansettelsesform", "reference_date"),
    Dataset("substitutes_by_unit", "Vikarer og variable timer etter enhet"),
    Dataset("bi_equality_gender_balance", "Ansatte etter enhet og kjønn"),
    Dataset("equality_leaders", "Ledere etter nivå og kjønn"),
    Dataset("equality_pay", "Lønn etter KS' lønnsgrupper"),
    Dataset("equality_parental_leave", "Foreldrepermisjon etter kjønn og dekningsgrad"),
    Dataset("targets", "Vedtatte mål og hvor langt det er til dem"),
    Dataset("benchmarks", "Kommunen og andre"),
    Dataset(
        "heltid_og_maal",
        "Heltid etter begge definisjoner, og veien til de vedtatte målene",
        sql=FULL_TIME_AND_TARGETS,
        metrics={"prosent": "Prosent"},
    ),
    Dataset(
        "sykefravaer_maaneder",
        "Kommunens sykefravær måned for måned, og i samme måned året før",
        sql=MONTHS,
        metrics={"prosent": "Sykefravær", "aaret_foer": "Samme måned året før"},
    ),
    Dataset(
        "sykefravaer_hittil",
        "Sykefravær hittil i år og i samme del av året før",
        sql=THIS_YEAR,
        metrics={"hittil": "Hittil i år", "aaret_foer": "Samme del av året før", "endring": "Endring i prosentpoeng"},
    ),
)


@dataclass(frozen=True)
class Other:
    """In the conditions of a chart: any value but this one."""

    than: object


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of the dashboard: its place (row and width in twelfths) and what Superset calls its form data."""

    key: str
    title: str
    dataset: str
    kind: str
    row: int
    width: int
    height: int
    where: Mapping[str, object]
    form: Mapping[str, Any]
    description: str = ""


LINE, BAR, PIVOT, TABLE, NUMBER = (
    "echarts_timeseries_line",
    "echarts_timeseries_bar",
    "pivot_table_v2",
    "table",
    "big_number",
)
PERCENT = ",.1f"
REMAINDER = "øvrige (ikke vist)"
READING = (
    "Tallene er de publiserte, til og med siste hele måned. Små grupper vises ikke; **øvrige (ikke vist)** er enhetens tall"
    " minus det som vises. Prosenter regnes av summer, aldri som snitt av prosenter. Hva hvert tall er, står i datasettets"
    " beskrivelse av det (merket som sertifisert)."
)
MUNICIPALITY = {"org_level": "kommune"}
YEARS = {"period_type": "year"}
AXES = {
    "rich_tooltip": True,
    "truncateYAxis": False,
    "show_legend": True,
    "legendOrientation": "bottom",
    # All names at once, on as many lines as they need.
    "legendType": "plain",
    "sort_series_type": "name",
    "sort_series_ascending": True,
}
LATEST = {
    "subtitle": "prosent",
    "show_trend_line": True,
    "start_y_axis_at_zero": False,
    "show_timestamp": True,
    "y_axis_format": PERCENT,
}
MONTHLY = {"x_axis": "period_end", "time_grain_sqla": "P1M", "x_axis_time_format": "%m.%Y", "tooltipTimeFormat": "%m.%Y"}
YEARLY = {"x_axis": "period_end", "time_grain_sqla": "P1Y", "x_axis_time_format": "%Y", "tooltipTimeFormat": "%Y"}


def _labelled(heading: str, column: str | None = None) -> dict[str, str]:
    """A column under its Norwegian name."""
    return {"expressionType": "SQL", "label": HEADINGS[heading], "sqlExpression": column or heading}


def charts(own_full_time: str) -> list[Chart]:
    """The charts of the dashboard, in its order. `own_full_time`: what the municipality's own share of full time is called."""
    return [
        Chart(
            key="sykefravaer_naa",
            title="Sykefravær siste måned",
            dataset="bi_sick_leave",
            kind=NUMBER,
            row=1,
            width=3,
            height=28,
            where={"is_partial": False},
            form={**MONTHLY, "metric": "sick_leave_percent", **LATEST, "time_format": "%m.%Y"},
        ),
        Chart(
            key="heltid_80_naa",
            title=own_full_time,
            dataset="full_time_by_unit",
            kind=NUMBER,
            row=1,
            width=3,
            height=28,
            where={**MUNICIPALITY, "source": "payroll"},
            form={**MONTHLY, "metric": "full_time_80_percent", **LATEST, "time_format": "%m.%Y"},
        ),
        Chart(
            key="heltid_100_naa",
            title="Heltidsandel (100 %)",
            dataset="full_time_by_unit",
            kind=NUMBER,
            row=1,
            width=3,
            height=28,
            where={**MUNICIPALITY, "source": "payroll"},
            form={**MONTHLY, "metric": "full_time_100_percent", **LATEST, "time_format": "%m.%Y"},
        ),
        Chart(
            key="kvinners_loenn_naa",
            title="Kvinners lønn i prosent av menns",
            dataset="equality_pay",
            kind=NUMBER,
            row=1,
            width=3,
            height=28,
            where={"pay_group": 0},
            form={**YEARLY, "metric": "women_pay_percent", **LATEST, "time_format": "%Y"},
        ),
        Chart(
            key="sykefravaer_omraader",
            title="Sykefravær etter tjenesteområde, måned for måned",
            dataset="bi_sick_leave",
            kind=LINE,
            row=2,
            width=7,
            height=56,
            # What sits on the municipality itself is in none of its areas, and too small to be shown.
            where={"is_partial": False, "level_2": Other(REMAINDER)},
            form={**MONTHLY, **AXES, "metrics": ["sick_leave_percent"], "groupby": ["level_2"], "y_axis_format": PERCENT},
        ),
        Chart(
            key="sykefravaer_hittil",
            title="Sykefravær hittil i år og i samme del av året før",
            dataset="sykefravaer_hittil",
            kind=TABLE,
            row=2,
            width=5,
            height=56,
            where={},
            # The highest first.
            form={
                "query_mode": "aggregate",
                "groupby": [_labelled("org_unit_name")],
                "metrics": ["hittil", "aaret_foer", "endring"],
                "order_desc": True,
                "show_cell_bars": False,
            },
        ),
        Chart(
            key="sykefravaer_aaret_foer",
            title="Kommunens sykefravær, og samme måned året før",
            dataset="sykefravaer_maaneder",
            kind=LINE,
            row=3,
            width=6,
            height=50,
            where={},
            form={**MONTHLY, **AXES, "metrics": ["prosent", "aaret_foer"], "groupby": [], "y_axis_format": PERCENT},
        ),
        Chart(
            key="sykefravaer_alder",
            title="Sykefravær etter alder",
            dataset="bi_sick_leave_by_age",
            kind=BAR,
            row=3,
            width=6,
            height=50,
            where={**MUNICIPALITY, **YEARS},
            form={
                **AXES,
                "x_axis": "aldersgruppe",
                "x_axis_sort": "aldersgruppe",
                "xAxisLabelInterval": "0",
                "x_axis_sort_asc": True,
                "metrics": ["sick_leave_percent"],
                "groupby": ["period"],
                "y_axis_format": PERCENT,
            },
        ),
        Chart(
            key="sykefravaer_stilling",
            title="Sykefravær etter stilling",
            dataset="bi_sick_leave_by_job_code",
            kind=PIVOT,
            row=4,
            width=12,
            height=90,
            where={**MUNICIPALITY, **YEARS},
            form={
                "groupbyRows": [_labelled("job_title")],
                "groupbyColumns": [_labelled("year", "period")],
                "metrics": ["sick_leave_percent"],
                "valueFormat": PERCENT,
                # The highest first.
                "rowOrder": "value_z_to_a",
            },
        ),
        Chart(
            key="heltid_og_maal",
            title="Heltid etter begge definisjoner, og veien til målet",
            dataset="heltid_og_maal",
            kind=LINE,
            row=5,
            width=12,
            height=50,
            where={},
            form={
                **MONTHLY,
                **AXES,
                "metrics": ["prosent"],
                "groupby": ["linje"],
                "y_axis_format": PERCENT,
                "truncateYAxis": True,
                "y_axis_bounds": [50, 100],
            },
        ),
        Chart(
            key="likestilling_ledere",
            title="Kvinner blant lederne",
            dataset="equality_leaders",
            kind=BAR,
            row=6,
            width=6,
            height=50,
            where={"sex": "kvinne"},
            form={
                **AXES,
                **YEARLY,
                "metrics": ["leader_percent"],
                "groupby": ["leader_level"],
                "y_axis_format": PERCENT,
            },
        ),
        Chart(
            key="likestilling_ansatte",
            title="Kvinner blant de ansatte",
            dataset="bi_equality_gender_balance",
            kind=LINE,
            row=6,
            width=6,
            height=50,
            where={"org_level": "tjenesteområde", "sex": "kvinne"},
            form={
                **AXES,
                **YEARLY,
                "metrics": ["employees_percent"],
                "groupby": ["org_unit_name"],
                "y_axis_format": PERCENT,
            },
        ),
        Chart(
            key="likestilling_loenn",
            title="Kvinners lønn i prosent av menns, etter lønnsgruppe",
            dataset="equality_pay",
            kind=PIVOT,
            row=7,
            width=12,
            height=62,
            # Of a year that is running no pay is shown.
            where={"is_partial": False},
            form={
                "groupbyRows": [_labelled("pay_group_name")],
                "groupbyColumns": [_labelled("year")],
                "metrics": ["women_pay_percent"],
                "valueFormat": PERCENT,
            },
        ),
    ]


def write_bundle(publication: Path, database: Path, target: Path) -> list[str]:
    """Write the bundle of a publication's tables; returns the names of its files.

    Args:
        publication: the folder whose tables and definitions are described.
        database: the file that Superset opens, by its path on Superset's machine.
        target: the zip to write.
    """
    with publication_opened(publication) as con:
        files = dict(_files(con, database))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            # JSON is YAML; every version of Superset reads it.
            text = json.dumps(content, ensure_ascii=False, indent=1)
            bundle.writestr(zipfile.ZipInfo(f"{ROOT}/{name}", ZIP_DATE), text, zipfile.ZIP_DEFLATED)
    return list(files)


def _files(con: duckdb.DuckDBPyConnection, database: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each file of the bundle and what stands in it. Without a type it can be imported as a dashboard and as assets."""
    title = f"{json.loads(_one(con, 'select settings from publication'))['municipality']}: personaltall"
    yield "metadata.yaml", {"version": VERSION, "timestamp": "1980-01-01T00:00:00+00:00"}
    yield "databases/arsverk.yaml", _database(database)
    for dataset in DATASETS:
        yield f"datasets/arsverk/{dataset.name}.yaml", _dataset(con, dataset)
    placed = charts(_one(con, _here(OWN_FULL_TIME)))
    for chart in placed:
        yield f"charts/{chart.key}.yaml", _chart(chart)
    yield "dashboards/personaltall.yaml", _dashboard(title, placed)


def _here(sql: str) -> str:
    """A query of the dashboard for the publication's folder, whose tables stand in no schema."""
    return sql.replace(f"{SCHEMA}.", "")


def _one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    return row[0] if row else None


def uuid_of(kind: str, name: str) -> str:
    """The id of an object of the bundle, the same in every bundle."""
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


def _database(path: Path) -> dict[str, Any]:
    return {
        "database_name": "årsverk",
        "sqlalchemy_uri": f"duckdb:///{path}",
        # Whoever reads a dashboard after a new publication sees that one.
        "cache_timeout": -1,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"engine_params": {"connect_args": CONNECT}, "allows_virtual_table_explore": True},
        "uuid": uuid_of("database", "arsverk"),
        "version": VERSION,
    }


def _dataset(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> dict[str, Any]:
    if dataset.sql:
        described = con.execute(f"describe {_here(dataset.sql)}").fetchall()
        columns = [(name, kind, "") for name, kind, *_ in described]
        comment, metrics = "", [_metric(name, title, _one_cell(name)) for name, title in dataset.metrics.items()]
    else:
        columns = con.execute(
            """select column_name, data_type, coalesce(comment, '') from duckdb_columns()
               where database_name = current_database() and table_name = $1 order by column_index""",
            [dataset.name],
        ).fetchall()
        (comment,) = con.execute(
            "select coalesce(comment, '') from duckdb_tables() where database_name = current_database() and table_name = $1",
            [dataset.name],
        ).fetchall()[0]
        metrics = _metrics(con, dataset.name, [name for name, *_ in columns])
    measures = {metric["metric_name"]: metric for metric in metrics}
    return {
        "table_name": dataset.name,
        "schema": SCHEMA,
        "sql": dataset.sql,
        "main_dttm_col": dataset.time,
        "description": " – ".join(filter(None, [dataset.title, comment])),
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": "årsverk", "details": "Laget av publiseringens egne definisjoner"}},
        "columns": [
            {
                "column_name": name,
                "verbose_name": HEADINGS.get(name) or measures.get(name, {}).get("verbose_name"),
                "description": comment or None,
                "type": kind,
                "is_dttm": kind in ("DATE", "TIMESTAMP"),
                # A measure is asked for by its metric; as a bare column it would be summed or averaged.
                "groupby": name not in measures,
                "filterable": True,
                "is_active": True,
            }
            for name, kind, comment in columns
        ]
        + [
            {
                "column_name": name,
                "verbose_name": HEADINGS.get(name),
                "type": "VARCHAR",
                "expression": expression,
                "groupby": True,
            }
            for name, expression in dataset.calculated.items()
        ],
        "metrics": metrics,
        "uuid": uuid_of("dataset", dataset.name),
        "database_uuid": uuid_of("database", "arsverk"),
        "version": VERSION,
    }


def _metric(
    name: str, title: str, expression: str, *, decimals: int = 1, description: str = "", details: str = ""
) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": title,
        "expression": expression,
        "description": description or None,
        "d3format": f",.{decimals}f",
        "extra": {"certification": {"certified_by": "årsverk", "details": details or title}},
    }


def _metrics(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The metrics of a table, as metric_definitions defines its measures. None of them can be added up wrongly."""
    found = con.execute(
        """select measure, name, unit, decimals, additivity, numerator, denominator, factor, formula, population, source
           from metric_definitions where table_name = $1""",
        [table],
    ).fetchall()
    by_name = {name: said for name, *said in found}
    metrics = []
    for column in columns:
        if column not in by_name:
            continue
        title, unit, decimals, additivity, numerator, denominator, factor, formula, population, source = by_name[column]
        expression = expression_of(
            table,
            column,
            columns,
            unit=unit,
            additivity=additivity,
            numerator=numerator,
            denominator=denominator,
            factor=factor,
        )
        description = f"{formula}. {population}" if formula and population else formula or ""
        details = f"{source} ({unit})"
        metrics.append(_metric(column, title, expression, decimals=decimals, description=description, details=details))
    return metrics


def expression_of(
    table: str,
    column: str,
    columns: Sequence[str],
    *,
    unit: str,
    additivity: str,
    numerator: str | None,
    denominator: str | None,
    factor: float,
) -> str:
    """The SQL of a metric: right for whatever rows it is asked of, or empty.

    In a view sums are sums and shares are divided sums, of one type of period, of one level (its nested units apart) and, of
    what is counted at a date, of one date. Everything else is the figure of one cell, and empty for several.
    """
    one_of = [name for name in ("period_type", "org_level", "is_nested") if name in columns]
    if table in LEVELS_ADD_UP:
        one_of.remove("org_level")
    if additivity == "sum" and unit in NOT_OVER_TIME:
        one_of.append("period_end")
    if not is_view(table) or additivity not in ("sum", "ratio") or (additivity == "ratio" and numerator is None):
        return _one_cell(column)
    if additivity == "sum":
        value = f"sum({column})"
    else:
        # Rows that show no numerator lend no denominator.
        value = f"{factor} * sum({numerator}) / nullif(sum({denominator}) filter (where ({numerator}) is not null), 0)"
    if not one_of:
        return value
    return f"case when {' and '.join(f'count(distinct {name}) = 1' for name in one_of)} then {value} end"


def _one_cell(column: str) -> str:
    return f"case when count(*) = 1 then max({column}) end"


def _filter(column: str, value: object) -> dict[str, Any]:
    """A condition as Superset's form keeps it: the column is the value, or with `Other` it is not."""
    is_other = isinstance(value, Other)
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "!=" if is_other else "==",
        "operatorId": "NOT_EQUALS" if is_other else "EQUALS",
        "comparator": value.than if isinstance(value, Other) else value,
    }


def _chart(chart: Chart) -> dict[str, Any]:
    form = {
        **chart.form,
        "viz_type": chart.kind,
        "adhoc_filters": [_filter(column, value) for column, value in chart.where.items()],
        "row_limit": 10_000,
    }
    if chart.kind == PIVOT:
        form |= {
            "aggregateFunction": "Sum",
            "rowTotals": False,
            "colTotals": False,
            "metricsLayout": "COLUMNS",
            "transposePivot": False,
        }
    return {
        "slice_name": chart.title,
        "description": chart.description or None,
        "certified_by": "årsverk",
        "viz_type": chart.kind,
        "params": form,
        "uuid": uuid_of("chart", chart.key),
        "version": VERSION,
        "dataset_uuid": uuid_of("dataset", chart.dataset),
    }


def _dashboard(title: str, shown: Sequence[Chart]) -> dict[str, Any]:
    rows = sorted({chart.row for chart in shown})
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "children": ["ROW-0", *(f"ROW-{row}" for row in rows)],
            "parents": ["ROOT_ID"],
        },
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
        "ROW-0": _row("ROW-0", ["MARKDOWN-0"]),
        "MARKDOWN-0": {
            "type": "MARKDOWN",
            "id": "MARKDOWN-0",
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID", "ROW-0"],
            "meta": {"width": 12, "height": 13, "code": READING},
        },
    }
    for row in rows:
        in_row = [chart for chart in shown if chart.row == row]
        position[f"ROW-{row}"] = _row(f"ROW-{row}", [f"CHART-{chart.key}" for chart in in_row])
        for number, chart in enumerate(in_row, start=row * 100):
            position[f"CHART-{chart.key}"] = {
                "type": "CHART",
                "id": f"CHART-{chart.key}",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", f"ROW-{row}"],
                "meta": {
                    "chartId": number,
                    "uuid": uuid_of("chart", chart.key),
                    "width": chart.width,
                    "height": chart.height,
                    "sliceName": chart.title,
                },
            }
    return {
        "dashboard_title": title,
        "description": "Sykefravær, heltid og likestilling, av den publiserte personalstatistikken",
        "slug": "personaltall",
        "certified_by": "årsverk",
        "published": True,
        "position": position,
        "metadata": {"color_scheme": "supersetColors", "cross_filters_enabled": False, "refresh_frequency": 0},
        "uuid": uuid_of("dashboard", "personaltall"),
        "version": VERSION,
    }


def _row(name: str, children: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "ROW",
        "id": name,
        "children": list(children),
        "parents": ["ROOT_ID", "GRID_ID"],
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }
