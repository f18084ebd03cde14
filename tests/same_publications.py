"""Holds the publications of this code against those of an earlier revision: `make same BASE=<revision>`.
Not here: tests. It is for changes that must leave every figure as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from sources.demo import make_deliveries
from tests.building import ROOT
from tests.municipalities.files import PAYROLL, write_delivery
from tests.municipalities.random_rows import random_feeds
from tests.municipalities.vendors import WRITERS

SEED = 2
# Says of its own making what differs from night to night.
OF_ITS_MAKING = "publication"
RUN = "from orchestration.cli import main; main()"


def deliveries(folder: Path, *, with_demo: bool) -> Iterator[tuple[str, Path, str]]:
    """Landing folders with the payroll profile each is delivered by: a random municipality by every profile, and the demo."""
    feeds, as_of = random_feeds(SEED)
    default = folder / "default"
    default.mkdir(parents=True)
    write_delivery(default, {feed: feeds[feed] for feed in PAYROLL}, extract_date=as_of)
    yield "default", default, "default"
    for profile, write in WRITERS.items():
        landing = folder / profile
        landing.mkdir(parents=True)
        write(landing, feeds, as_of)
        yield profile, landing, profile
    if with_demo:
        make_deliveries(folder / "demo")
        yield "demo", folder / "demo", "default"


def publish(tree: Path, landing: Path, profile: str, home: Path) -> dict[str, str]:
    """A first night of the code in `tree`; the SHA-256 of each table's Parquet file."""
    settings = home.with_suffix(".toml")
    lines = (tree / "arsverk.toml").read_text(encoding="utf-8").splitlines()
    lines = [f'payroll_profile = "{profile}"' if line.startswith("payroll_profile") else line for line in lines]
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-c", RUN, "run", "--home", home, "--landing", landing, "--settings", settings]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"{tree}: the night on {landing.name} ended with {done.returncode}: {done.stderr}")
    manifest = json.loads((home / "publish" / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {Path(name).stem: sha256 for name, sha256 in manifest["files"].items() if name.endswith(".parquet")}


@click.command()
@click.argument("base")
@click.option("--demo/--no-demo", default=True, help="Also the demo municipality's night (two minutes more).")
def main(base: str, demo: bool) -> None:
    """Run first nights of revision BASE and of the code as it stands here, and name every table whose bytes differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = folder / "base"
        subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, tree], check=True)
        subprocess.run(["git", "-C", tree, "checkout", "--quiet", base], check=True)
        differing = 0
        for delivery, landing, profile in deliveries(folder / "landing", with_demo=demo):
            then = publish(tree, landing, profile, folder / f"{delivery}-then")
            now = publish(ROOT, landing, profile, folder / f"{delivery}-now")
            tables = sorted((then.keys() | now.keys()) - {OF_ITS_MAKING})
            others = [table for table in tables if then.get(table) != now.get(table)]
            differing += len(others)
            click.echo(
                f"{delivery}: {len(tables) - len(others)} tables the same to the byte; differing: {', '.join(others) or 'none'}"
            )
        sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
