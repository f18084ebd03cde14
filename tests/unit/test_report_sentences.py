"""The report's Norwegian sentences for rules and for printed figures that differ (warehouse/report/sentences.py)."""

import csv
import re
from pathlib import Path

import pytest

from sources.registry import feeds
from warehouse.report import sentences

DBT = Path(__file__).parents[2] / "dbt_project"
MODEL, RULES = DBT / "models" / "audit" / "data_quality.sql", DBT / "seeds" / "model_rules.csv"
ENGLISH = re.compile(r"\b(the|is|has|not|of|by|others?)\b", re.IGNORECASE)
PRINTED = "Rapport (2023), kap. 3"


def described() -> set[str]:
    """What the rules of all feeds say in data_quality."""
    return {rule.sentence for feed in feeds().values() for rule in feed.rules}


def test_every_rule_of_a_feed_has_norwegian_words() -> None:
    rules = described()
    assert len(rules) > 150
    said = {rule: sentences.rule(rule) for rule in rules}
    # Words of the feed's own columns and lists stay as they are.
    assert {rule: words for rule, words in said.items() if words is None or ENGLISH.search(words)} == {}


def test_every_rule_of_a_delivery_has_norwegian_words() -> None:
    texts = re.findall(r"^ +'([A-Z][^']+)'", MODEL.read_text(encoding="utf-8"), re.MULTILINE)
    with RULES.open(encoding="utf-8", newline="") as file:
        texts += [row["description"] for row in csv.DictReader(file)]
    assert len(texts) > 20
    for text in texts:
        # A text that ends with a colon is followed by names.
        words = sentences.rule(f"{text.rstrip()} noe" if text.rstrip().endswith(":") else text)
        assert words and not ENGLISH.search(words), text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("The warehouse computes 66.7, 0.1 more than is printed.", ""),
        ("The warehouse computes a change of -30.03, where a rise is printed.", "Trykt som en økning"),
        (
            "The warehouse computes -19.4, which is not at most -20 (a fall, counted away from zero).",
            "Trykt som en øvre grense: «høyst»",
        ),
        (f"13.2 is published for the same cell in A-1 ({PRINTED}).", f"13,2 er trykt for det samme i A-1 ({PRINTED})"),
        (
            f"The same target is published for 2027 in A-1 ({PRINTED}); 85 is set for the same cell by a later decision"
            " (Sak 1). The warehouse computes 83.",
            f"Det samme målet er trykt for 2027 i A-1 ({PRINTED}); 85 er satt av et senere vedtak (Sak 1)",
        ),
        (
            "The same document's figures of the single pay groups give 0.1 for this cell. The warehouse computes 0.1.",
            "Dokumentets egne tall for lønnsgruppene gir 0,1",
        ),
        (
            "The same document's figures of the single pay groups give 567026 for this cell. The warehouse computes 567025.",
            "Dokumentets egne tall for lønnsgruppene gir 567\u202f026",
        ),
        ("Something new.", None),
    ],
)
def test_differences(reason: str, words: str | None) -> None:
    assert sentences.difference(reason) == words
