"""`make superset`: the bundle of `arsverk superset` in a real Superset, its charts compared with the marts and looked at; then
a night publishes while Superset stays up, and the charts follow it.
Not here: the structure of the bundle (pipeline/test_superset.py).

Installs Superset with the pins below by pip into a virtual environment (a minute or two); needs chromium for the pictures
(Debian: apt-get install chromium). Everything stays on the loopback and below a temporary folder, and ends with the check.
Without a home folder the demo municipality's two nights are run. Or give one with a publication and, for a night to follow, the
folder of the files that arrive for it:

    python -m tests.superset_check --home data --environment /tmp/superset --pictures /tmp/pictures [--next /tmp/arriving]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx

from tests.command import arsverk
from tests.following_night import Watcher, check_workbook, demo_before_its_last_delivery, next_night
from tests.web_check import Browser, free_port, running
from warehouse.database import publication_opened
from warehouse.paths import Home
from warehouse.superset import PIVOT, TABLE, Chart, Other, charts, uuid_of

# These work with each other on Python 3.11.
PINS = [
    "apache-superset==6.1.0",
    "duckdb-engine==0.17.0",
    "flask-appbuilder==5.0.2",
    "flask==2.3.3",
    "flask-sqlalchemy==2.5.1",
    "flask-login==0.6.3",
    "flask-caching==2.3.1",
    "flask-limiter==3.12",
    "flask-babel==3.1.0",
    "flask-jwt-extended==4.7.1",
    "pyjwt==2.10.1",
    "cachetools==6.2.1",
    "rich==13.9.4",
    "click==8.2.1",
    "marshmallow-sqlalchemy==1.4.0",
    "flask-wtf==1.2.2",
    "pillow",
]
SECONDS_TO_START = 180
PASSWORD = "a-password-of-the-check"
CONFIGURATION = """
SECRET_KEY = "a-key-of-the-check-alone-0123456789abcdef"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
# As the README has it: figures with a decimal comma.
D3_FORMAT = {{"decimal": ",", "thousands": "\\u00a0", "grouping": [3], "currency": ["", "\\u00a0kr"]}}
"""
# For each chart the same figures from the served tables: dimensions in the order of the chart's, then its measures.
AREAS = "org_level = 'tjenesteområde'"
WHOLE = "org_level = 'kommune'"
# What metric_definitions calls it by the demo's settings.
OWN_FULL_TIME = "Heltidsandel (80 % og mer)"
EXPECTED = {
    "sykefravaer_naa": f"""select strftime(period_end, '%Y-%m'), sick_leave_percent from sick_leave_by_unit
        where period_type = 'month' and {WHOLE} and not is_partial""",
    "heltid_80_naa": f"""select strftime(period_end, '%Y-%m'), full_time_80_percent from full_time_by_unit
        where source = 'payroll' and {WHOLE}""",
    "heltid_100_naa": f"""select strftime(period_end, '%Y-%m'), full_time_100_percent from full_time_by_unit
        where source = 'payroll' and {WHOLE}""",
    "kvinners_loenn_naa": "select strftime(period_end, '%Y'), women_pay_percent from equality_pay where pay_group = 0",
    "sykefravaer_omraader": f"""select strftime(period_end, '%Y-%m'), org_unit_name, sick_leave_percent from sick_leave_by_unit
        where period_type = 'month' and {AREAS} and not is_partial""",
    "sykefravaer_hittil": f"""select org_unit_name, value, value_year_before, change_points from sick_leave_changes
        where period_type = 'year_to_date' and measure = 'sick_leave_percent' and ({AREAS} or {WHOLE})
            and period = strftime((select as_of from publication), '%Y')""",
    "sykefravaer_aaret_foer": f"""select strftime(this.period_end, '%Y-%m'), this.sick_leave_percent, before.sick_leave_percent
        from sick_leave_by_unit as this left join sick_leave_by_unit as before
            on this.period_type = before.period_type and this.org_unit_code = before.org_unit_code
            and this.org_level = before.org_level
            and before.period = strftime(this.period_start - interval 1 year, '%Y-%m')
        where this.period_type = 'month' and this.{WHOLE} and not this.is_partial""",
    "sykefravaer_alder": f"""select age_group, period, sick_leave_percent from sick_leave_by_age
        where period_type = 'year' and {WHOLE} and sex = 'alle' and withheld is null""",
    "sykefravaer_stilling": f"""select job_title, period, 100 * sum(lost_days) / sum(possible_days) from sick_leave_by_job_code
        where period_type = 'year' and {WHOLE} and withheld is null group by all""",
    "heltid_og_maal": f"""select strftime(period_end, '%Y-%m'), 'Heltidsandel (100 %)', full_time_100_percent
        from full_time_by_unit where source = 'payroll' and {WHOLE}
        union all select strftime(period_end, '%Y-%m'), 'Heltidsandel (80 % og mer)', full_time_80_percent
        from full_time_by_unit where source = 'payroll' and {WHOLE}
        union all select strftime(period_end, '%Y-%m'), 'Vedtatt mål (80 % og mer)', target from targets
        where indicator = 'full_time_80_percent' and {WHOLE} and superseded_by is null""",
    "likestilling_ledere": """select strftime(period_end, '%Y'), leader_level, leader_percent from equality_leaders
        where sex = 'kvinne'""",
    "likestilling_ansatte": f"""select strftime(period_end, '%Y'), org_unit_name, employees_percent from equality_gender_balance
        where sex = 'kvinne' and {AREAS} and withheld is null""",
    "likestilling_loenn": "select pay_group_name, year, women_pay_percent from equality_pay where not is_partial",
}
# Rows of a chart that no served cell has: what is not shown, and the months between two targets.
BESIDE = {
    "sykefravaer_alder": "øvrige",
    "sykefravaer_stilling": "øvrige",
    "heltid_og_maal": "Vedtatt",
    "likestilling_ansatte": "øvrige",
}
# What a leader looks at while the night publishes.
WATCHED = "sykefravaer_omraader"
WAIT_ALLOWED = 10.0
# What sits on the municipality itself shows no absence: its figure lacks the municipal director's.
DIFFERS = {"sykefravaer_naa": 0.02}
CLOSE = 1e-6


def asked_for(chart: Chart, dataset: int) -> dict[str, Any]:
    """The question that the chart asks the API, by its form."""
    form = chart.form
    columns: list[Any] = [*form.get("groupbyRows", []), *form.get("groupbyColumns", [])]
    if axis := form.get("x_axis"):
        grain = {"timeGrain": form["time_grain_sqla"], "columnType": "BASE_AXIS"} if "time_grain_sqla" in form else {}
        columns.append({"label": axis, "sqlExpression": axis, "expressionType": "SQL", **grain})
    columns += form.get("groupby", [])
    filters = [
        {
            "col": column,
            "op": "!=" if isinstance(value, Other) else "==",
            "val": value.than if isinstance(value, Other) else value,
        }
        for column, value in chart.where.items()
    ]
    query = {"columns": columns, "metrics": form.get("metrics") or [form["metric"]], "filters": filters, "row_limit": 10_000}
    return {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_format": "json", "result_type": "full"}


def figures(chart: Chart, rows: list[dict[str, Any]]) -> dict[tuple, tuple]:
    """The API's rows as dimensions → measures; a time as the text of its month or year."""
    form = chart.form
    columns = [*form.get("groupbyRows", []), *form.get("groupbyColumns", [])]
    columns += [*filter(None, [form.get("x_axis")]), *form.get("groupby", [])]
    names = [column if isinstance(column, str) else column["label"] for column in columns]
    metrics = form.get("metrics") or [form["metric"]]
    length = {"P1M": 7, "P1Y": 4}.get(form.get("time_grain_sqla", ""), 0)

    def said(name: str, value: Any) -> Any:
        if length and name == form["x_axis"]:
            day = (
                datetime.fromtimestamp(value / 1000, UTC).date().isoformat() if isinstance(value, (int, float)) else str(value)
            )
            return day[:length]
        return value.strip() if isinstance(value, str) else value

    return {tuple(said(name, row[name]) for name in names): tuple(row[name] for name in metrics) for row in rows}


def compare(chart: Chart, shown: dict[tuple, tuple], con: duckdb.DuckDBPyConnection) -> str:
    """Compare a chart with the served tables.

    Raises:
        SystemExit: a figure differs, or is missing.
    """
    dimensions = len(next(iter(shown)))
    expected = {tuple(row[:dimensions]): tuple(row[dimensions:]) for row in con.execute(EXPECTED[chart.key]).fetchall()}
    beside = BESIDE.get(chart.key)
    own = {
        key: value
        for key, value in shown.items()
        if key in expected or not (beside and any(beside in str(part) for part in key))
    }
    empty = {key for key, value in expected.items() if all(one is None for one in value)}
    if missing := expected.keys() - own.keys() - empty:
        raise SystemExit(f"{chart.key}: not shown: {sorted(missing, key=str)[:5]}")
    if unknown := own.keys() - expected.keys():
        raise SystemExit(f"{chart.key}: shown, and not served: {sorted(unknown, key=str)[:5]}")
    close = DIFFERS.get(chart.key, CLOSE)
    for key, values in own.items():
        for value, served in zip(values, expected[key], strict=True):
            if (value is None) != (served is None) or (value is not None and abs(float(value) - float(served)) > close):
                raise SystemExit(f"{chart.key}: {key} shows {value}, served is {served}")
    return f"{len(own)} figures as served" + (f", {len(shown) - len(own)} beside" if len(shown) > len(own) else "")


@contextlib.contextmanager
def superset(folder: Path, environment: Path) -> Iterator[str]:
    """A Superset of this check alone; gives its address."""
    python = environment / "bin" / "python"
    if not (environment / "bin" / "superset").exists():
        print("installing Superset", flush=True)
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PINS], check=True)
    configuration = folder / "superset_config.py"
    configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    own = {"SUPERSET_CONFIG_PATH": str(configuration), "FLASK_APP": "superset", "SUPERSET_HOME": str(folder)}
    command, log = environment / "bin" / "superset", folder / "superset.log"
    admin = (
        f"fab create-admin --username admin --firstname a --lastname a --email a@kommune.example --password {PASSWORD}".split()
    )
    for arguments in (["db", "upgrade"], ["init"], admin):
        with log.open("a") as out:
            subprocess.run([command, *arguments], check=True, env={**os.environ, **own}, stdout=out, stderr=subprocess.STDOUT)
    port = free_port()
    with running([str(command), "run", "-h", "127.0.0.1", "-p", str(port), "--with-threads"], folder / "server.log", **own):
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/health").status_code == 200:
                    break
            time.sleep(1)
        yield address


def signed_in(address: str) -> httpx.Client:
    """A client that is signed in as a person is, by the session's cookie."""
    client = httpx.Client(base_url=address, timeout=180, follow_redirects=True)
    client.post("/login/", data={"username": "admin", "password": PASSWORD})
    assert "session" in client.cookies, "not signed in"
    return client


def import_bundle(client: httpx.Client, bundle: Path) -> None:
    """Import it as the page does, and once more as assets, which replaces all objects."""
    for address, name in [("/api/v1/dashboard/import/", "formData"), ("/api/v1/assets/import/", "bundle")]:
        form = {"overwrite": "true"} if name == "formData" else {}
        answer = client.post(address, data=form, files={name: (bundle.name, bundle.read_bytes(), "application/zip")})
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code} {answer.text[:2000]}")


def picture(browser: Browser, client: httpx.Client, address: str, target: Path) -> str:
    """The dashboard in a browser; its text."""
    browser.send("Network.setCookie", name="session", value=client.cookies["session"], url=address)
    browser.send("Emulation.setDeviceMetricsOverride", width=1500, height=3350, deviceScaleFactor=1, mobile=False)
    text = browser.text_of(f"{address}/superset/dashboard/personaltall/?standalone=2", "Kvinner blant lederne", 90)
    # All but the tables are drawn on a canvas; those of the numbers have one too.
    drawn = "document.querySelectorAll('canvas').length"
    wanted, deadline = sum(chart.kind not in (PIVOT, TABLE) for chart in charts(OWN_FULL_TIME)), time.monotonic() + 120
    while browser.send("Runtime.evaluate", expression=drawn)["result"].get("value", 0) < wanted and time.monotonic() < deadline:
        time.sleep(1)
    time.sleep(5)
    browser.picture(target)
    return str(browser.send("Runtime.evaluate", expression="document.body.innerText")["result"].get("value", text))


@dataclass(eq=False)
class Leader(Watcher):
    """Somebody who looks at one chart again and again, signed in on his own; the night publishes meanwhile."""

    question: dict[str, Any] = field(kw_only=True)
    chart: Chart = field(kw_only=True)
    seen: list[dict[tuple, tuple]] = field(default_factory=list)

    def run(self) -> None:
        with contextlib.closing(signed_in(self.address)) as client:
            self.watch(lambda: self.look(client), (SystemExit, httpx.HTTPError), pause=1)

    def look(self, client: httpx.Client) -> None:
        found = shown_by(client, self.chart, self.question)
        if not self.seen or self.seen[-1] != found:
            self.seen.append(found)


def shown_by(client: httpx.Client, chart: Chart, question: dict[str, Any]) -> dict[tuple, tuple]:
    """A chart's figures by the API.

    Raises:
        SystemExit: it answers with an error.
    """
    answer = client.post("/api/v1/chart/data", json=question)
    if answer.status_code != 200:
        raise SystemExit(f"{chart.key}: {answer.status_code} {answer.text[:2000]}")
    return figures(chart, answer.json()["result"][0]["data"])


def look(client: httpx.Client, questions: dict[str, dict[str, Any]], publication: Path) -> dict[str, dict[tuple, tuple]]:
    """Every chart's figures, compared with a publication."""
    shown = {}
    with publication_opened(publication) as con:
        for chart in charts(OWN_FULL_TIME):
            shown[chart.key] = shown_by(client, chart, questions[chart.key])
            print(f"{chart.title}: {compare(chart, shown[chart.key], con)}")
    return shown


def check_followed(before: dict[str, dict[tuple, tuple]], after: dict[str, dict[tuple, tuple]]) -> None:
    """Charts of months have a further month; of the others it is said which have other figures.

    Raises:
        SystemExit: one has not moved.
    """
    for chart in charts(OWN_FULL_TIME):
        old, new = before[chart.key], after[chart.key]
        other = sum(old[key] != new[key] for key in old.keys() & new.keys())
        print(f"{chart.title}: {len(new.keys() - old.keys())} figures more, {other} are others")
        # The path to the target is drawn to its end on every day.
        if chart.form.get("time_grain_sqla") == "P1M" and max(new.keys() - old.keys(), default=("",))[0] <= _last(old, chart):
            raise SystemExit(f"{chart.key}: no later month than before the night")


def _last(shown: dict[tuple, tuple], chart: Chart) -> str:
    beside = BESIDE.get(chart.key)
    return max(str(key[0]) for key in shown if not (beside and any(beside in str(part) for part in key)))


def photograph(
    browser: Browser, client: httpx.Client, address: str, shown: dict[str, dict[tuple, tuple]], target: Path
) -> None:
    """The dashboard in Chromium, whose big numbers are those of the last month."""
    text = picture(browser, client, address, target)
    missing = [chart.title for chart in charts(OWN_FULL_TIME) if chart.title not in text]
    assert not missing, missing
    assert not re.search(r"unexpected error|Error:", text, re.IGNORECASE), text
    for key in ("sykefravaer_naa", "heltid_80_naa", "heltid_100_naa"):
        last = max(shown[key])
        year, month = last[0].split("-")
        figure = f"{shown[key][last][0]:.1f}".replace(".", ",")
        assert f"{month}.{year}" in text and figure in text, (key, last, figure, text)
    print(f"the dashboard in Chromium, to {month}.{year}: {target}")


def check(folder: Path, environment: Path, home: Home, pictures: Path, arriving: Path | None) -> None:
    bundle = folder / "arsverk.zip"
    done = arsverk("superset", "--home", home.root, "--out", bundle)
    assert done.returncode == 0, done.stderr
    print(done.stdout.strip())
    with (
        superset(folder, environment) as address,
        contextlib.closing(signed_in(address)) as client,
        contextlib.ExitStack() as stack,
    ):
        import_bundle(client, bundle)
        found = client.get("/api/v1/dataset/", params={"q": "(page_size:100,columns:!(id,uuid,table_name))"}).json()["result"]
        ids = {dataset["uuid"]: dataset["id"] for dataset in found}
        questions = {chart.key: asked_for(chart, ids[uuid_of("dataset", chart.dataset)]) for chart in charts(OWN_FULL_TIME)}
        first = home.current.resolve()
        before = look(client, questions, first)
        browser = Browser(folder) if shutil.which("chromium") else None
        if browser:
            pictures.mkdir(parents=True, exist_ok=True)
            stack.enter_context(running(browser.command, folder / "chromium.log"))
            stack.enter_context(browser.connected())
            photograph(browser, client, address, before, pictures / "dashboard.png")
        else:
            print("no chromium: the dashboard was not looked at")
        if not arriving:
            return
        (watched,) = [chart for chart in charts(OWN_FULL_TIME) if chart.key == WATCHED]
        leader = Leader(address, question=questions[WATCHED], chart=watched)
        leader.start()
        try:
            second = next_night(home, arriving)
            after = look(client, questions, second)
        finally:
            leader.is_over.set()
            leader.join()
        print(f"{leader.reads} looks during the night: {len(leader.errors)} errors, longest {leader.longest:.1f} s")
        assert not leader.errors, leader.errors[:3]
        assert leader.seen == [before[WATCHED], after[WATCHED]], "other figures than the two publications'"
        assert leader.longest < WAIT_ALLOWED, leader.longest
        check_followed(before, after)
        check_workbook(home, first, folder)
        if browser:
            photograph(browser, client, address, after, pictures / "dashboard-next.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home with a publication; the demo municipality's two nights when left out")
    parser.add_argument("--next", type=Path, help="a folder of files that arrive in the home's landing folder; a night follows")
    parser.add_argument("--environment", type=Path)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arsverk-superset-") as name:
        folder = Path(name)
        home, arriving = (
            (Home(given.home.resolve()), given.next) if given.home else demo_before_its_last_delivery(folder / "demo")
        )
        if not home.served_database.exists():
            raise SystemExit(f"nothing is published in {given.home}; make run")
        check(folder, given.environment or folder / "environment", home, given.pictures or folder / "pictures", arriving)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
