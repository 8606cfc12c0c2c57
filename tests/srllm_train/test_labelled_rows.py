"""Which rows train, calibrate and test; what each set says of its rows."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srllm_data.lexicon.entry import identity_terms
from srllm_train.labelled_rows import HEADS, Row, own_rows, parts
from srllm_train.labellers import OWN_TEXTS
from srllm_train.measure_labellers import TEMPLATES

ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 40)), min_size=1, max_size=120
)


@given(ROWS)
def test_a_unit_is_never_split_and_the_order_does_not_matter(drawn):
    rows = [Row("text", source, str(unit), {}) for source, unit in drawn]
    found = parts(rows)
    where: dict[tuple[str, str], set[str]] = {}
    for row, part in zip(rows, found, strict=True):
        where.setdefault((row.source, row.unit), set()).add(part)
    assert all(len(p) == 1 for p in where.values())
    assert parts(rows[::-1]) == found[::-1]


def test_a_fifth_tests_and_a_tenth_calibrates():
    rows = [Row("text", "a", str(n), {}) for n in range(1000)]
    assert Counter(parts(rows)) == {"train": 700, "test": 200, "calibration": 100}


def test_our_own_texts_hold_values_that_are_known_and_repeat_none():
    rows = own_rows(OWN_TEXTS)
    assert len(rows) > 3000
    assert all(set(row.labels) <= set(HEADS) for row in rows)
    texts = [row.text for row in rows]
    assert len(set(texts)) == len(texts)
    # A text that states no bias is not biased, and one that does is.
    stated = [row for row in rows if row.extra.get("use") == "stated"]
    assert all(row.labels["bias"] == 1 for row in stated)
    others = [row for row in rows if row.extra.get("use", "stated") != "stated"]
    assert all(row.labels["bias"] == 0 for row in others)


def test_the_sentences_that_identity_is_measured_by_are_not_trained_on():
    own = {row.text for row in own_rows(OWN_TEXTS)}
    words = [form for forms in identity_terms().values() for form in forms]
    assert own.isdisjoint(t.format(w) for t in TEMPLATES for w in words)


@pytest.mark.parametrize("name", ["statements", "contrasts", "unusable"])
def test_the_files_are_tab_separated_with_one_text_a_line(name):
    lines = (Path(OWN_TEXTS) / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].count("\t")
    assert all(line.count("\t") == columns for line in lines)
