"""Which rows are worth a curator's or a model's time."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from srllm_data.config import LabelConfig
from srllm_data.labellers.select import priority, select, worthiest_first

ROWS = st.lists(
    st.tuples(st.sets(st.sampled_from(["gender", "age", "religion"])), st.floats(0, 1)), max_size=30
)


def rows_of(drawn):
    return [
        {"id": f"r{n:02}", "target_groups": sorted(groups), "priority": round(p, 4)}
        for n, (groups, p) in enumerate(drawn)
    ]


def opinion(**scores):
    return {"bias": None, "toxicity": None, "harm": None, **scores}


def test_a_sure_row_that_all_agree_on_is_worth_nothing():
    assert priority([opinion(bias=0.0), opinion(bias=0.0)], {"bias": 0.0}) == 0.0


def test_doubt_and_disagreement_raise_the_priority():
    doubt = priority([opinion(bias=0.5), opinion(bias=0.5)], {"bias": 0.5})
    dispute = priority([opinion(bias=0.0), opinion(bias=1.0)], {"bias": 0.5})
    assert (doubt, dispute) == (0.5, 1.0)


def test_a_row_without_an_answer_comes_before_a_sure_one():
    assert priority([], {}) == 0.5


@given(ROWS, st.integers(1, 40))
def test_as_many_rows_as_wanted_and_no_others(drawn, most):
    rows = rows_of(drawn)
    chosen = select(rows, LabelConfig(most_rows=most))
    assert chosen <= {row["id"] for row in rows}
    assert len(chosen) == min(most, len(rows))


@given(ROWS)
def test_the_order_of_the_rows_does_not_matter(drawn):
    rows = rows_of(drawn)
    config = LabelConfig(most_rows=5, target_mix={"gender": 0.5, "age": 0.5})
    assert select(rows, config) == select(rows[::-1], config)
    assert worthiest_first(rows) == worthiest_first(rows[::-1])


def test_the_mix_is_met_and_the_worthiest_of_each_group_come_first():
    rows = [
        {"id": f"{g}{n}", "target_groups": [g], "priority": n / 100}
        for g, size in (("gender", 80), ("age", 20), ("religion", 20))
        for n in range(size)
    ]
    chosen = select(rows, LabelConfig(most_rows=20, target_mix={"gender": 0.5, "age": 0.5}))
    assert Counter(c.rstrip("0123456789") for c in chosen) == {"gender": 10, "age": 10}
    assert {"gender79", "age19"} <= chosen
    even = select(rows, LabelConfig(most_rows=30))
    assert Counter(c.rstrip("0123456789") for c in even) == {
        "gender": 10,
        "age": 10,
        "religion": 10,
    }


def test_a_rare_group_comes_first_in_the_queue():
    rows = [
        *({"id": f"a{n}", "target_groups": ["gender"], "priority": 0.6} for n in range(9)),
        {"id": "b", "target_groups": ["age"], "priority": 0.3},
    ]
    assert worthiest_first(rows)[0]["id"] == "b"
