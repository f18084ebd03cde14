"""`make report-check`: a report in a real browser, from the file system: each page on a screen, on a phone and on paper.
Not here: what needs no browser (pipeline/test_report.py).

Needs Debian's chromium (apt-get install chromium). Installs Playwright from the Python registry and axe-core from npm's into
`.report-check/`; nothing of them belongs to the product. The home folder (`HOME_FOLDER`, default data) must have a publication
with a report; its pages are opened, and pictures of them are kept in `.report-check/pages`.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tests.reading_reports import addresses, broken_links, figures_without_cell, wrong_figures

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".report-check"
PYTHON = TOOLS / "venv" / "bin" / "python"
AXE = TOOLS / "package" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
# Its tables count files, rows and printed figures, which are no cells.
COUNTS = ("om-tallene.html",)


def main() -> None:
    """Check the report of the home folder that is named; ends with 1 and a line for each finding."""
    publication = (Path(sys.argv[1]) / "publish" / "current").resolve()
    report = publication / "report"
    if not (report / "index.html").is_file():
        sys.exit(f"{report} has no report; `make run` makes one")
    if not Path(CHROMIUM).exists():
        sys.exit("chromium is missing: apt-get install chromium")
    install()
    findings = [*broken_links(report), *addresses(report), *wrong_figures(report, publication)]
    findings += figures_without_cell(report, but=COUNTS)
    browser = Path(__file__).with_name("report_in_browser.py")
    done = subprocess.run(
        [PYTHON, browser, report, AXE, TOOLS / "pages", CHROMIUM], stdout=subprocess.PIPE, text=True, check=False
    )
    findings += done.stdout.splitlines()
    if done.returncode:
        findings.append(f"the browser's check ended with {done.returncode}")
    for finding in findings:
        print(finding)
    pages = len(list(report.glob("*.html")))
    print(f"{pages} pages, {len(findings)} findings; pictures in {TOOLS / 'pages'}")
    sys.exit(1 if findings else 0)


def install() -> None:
    """Playwright and axe-core, once."""
    if not PYTHON.exists():
        venv.create(TOOLS / "venv", with_pip=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "playwright"], check=True)
    if not AXE.exists():
        subprocess.run(["npm", "pack", "--silent", "axe-core"], cwd=TOOLS, check=True)
        (archive,) = TOOLS.glob("axe-core-*.tgz")
        subprocess.run(["tar", "-xzf", archive], cwd=TOOLS, check=True)


if __name__ == "__main__":
    main()
