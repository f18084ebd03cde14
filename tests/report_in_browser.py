"""Opens each page of a report in Chromium and prints a line for each fault; run by report_check.py in its own environment.
Not here: what can be read from the files without a browser.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright  # type: ignore[import-not-found,unused-ignore]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREEN, PHONE, PAPER = (1100, 900), (390, 844), (718, 1000)
SERIOUS = ("serious", "critical")
# How far a page or a table that does not scroll goes beyond the window.
TOO_WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
# Tables that paper would cut: on paper nothing scrolls.
CUT = """() => [...document.querySelectorAll("table")].filter(t => t.getBoundingClientRect().right > innerWidth + 1)
    .map(t => t.caption.textContent)"""


def main() -> None:
    report, axe, pictures, chromium = (Path(argument) for argument in sys.argv[1:])
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        page = browser.new_page()
        page.on("console", lambda message: print(f"{page.url}: console says {message.text}"))
        page.on("pageerror", lambda error: print(f"{page.url}: script fails: {error}"))
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else print(f"asks {request.url}"))
        page.on("requestfailed", lambda request: print(f"{page.url}: {request.url} cannot be read"))
        for path in sorted(report.glob("*.html")):
            look_at(page, path, axe, pictures)
        try_a_figure(page, report / "sykefravaer.html", pictures)
        browser.close()


def look_at(page: Page, path: Path, axe: Path, pictures: Path) -> None:
    """One page on a screen, on a phone and on paper."""
    page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
    page.goto(path.as_uri())
    if not page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)"):
        print(f"{path.name}: a picture is missing")
    page.add_script_tag(path=str(axe))
    for fault in page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]:
        if fault["impact"] in SERIOUS:
            first = fault["nodes"][0]["html"][:160]
            print(f"{path.name}: {fault['impact']}: {fault['help']} ({len(fault['nodes'])}, as {first})")
    page.screenshot(path=str(pictures / f"{path.stem}.png"), full_page=True)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    if page.evaluate(TOO_WIDE) > 0:
        print(f"{path.name}: wider than a phone by {page.evaluate(TOO_WIDE)} pixels")
    page.screenshot(path=str(pictures / f"{path.stem}.phone.png"))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    for caption in page.evaluate(CUT):
        print(f"{path.name}: paper cuts the table {caption}")
    page.pdf(path=str(pictures / f"{path.stem}.pdf"), format="A4", prefer_css_page_size=True)
    page.emulate_media(media="screen")


def try_a_figure(page: Page, path: Path, pictures: Path) -> None:
    """A figure that is chosen shows definition, formula and the command; by keyboard too, and closes again."""
    page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
    page.goto(path.as_uri())
    figure = page.locator("td a.n[data-n]").first
    figure.focus()
    page.keyboard.press("Enter")
    box = page.locator("dialog[open]")
    said = box.inner_text()
    command = box.locator("input").first.input_value()
    if not command.startswith("arsverk trace ") or " / " not in said or figure.inner_text() not in said:
        print(f"{path.name}: a chosen figure shows {said!r} and {command!r}")
    page.screenshot(path=str(pictures / "figure.png"))
    page.keyboard.press("Escape")
    if page.locator("dialog[open]").count():
        print(f"{path.name}: the box does not close")


if __name__ == "__main__":
    main()
