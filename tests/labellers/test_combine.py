"""Several opinions become one score; agreement is worked by hand or published."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srllm_data.labellers import AXES
from srllm_data.labellers.combine import agreement, answers_of, dawid_skene, platt, weighted


def opinion(labeller, **scores):
    axes = {"bias": None, "toxicity": None, "sentiment": None, "harm": None}
    return {"labeller": labeller, "outcome": "answered", **axes, **scores}


def everywhere(**weights):
    return dict.fromkeys(AXES, weights)


def test_a_mean_by_weight_over_those_that_answered():
    told = [opinion("a", bias=0.2), opinion("b", bias=0.8, harm=0.4), opinion("c")]
    assert weighted(told, everywhere(a=1.0, b=2.0, c=5.0)) == {"bias": 0.6, "harm": 0.4}


def test_those_who_weigh_nothing_count_alike_where_nobody_else_answers():
    told = [opinion("a", bias=0.2), opinion("b", bias=0.4)]
    assert weighted(told, everywhere(a=0.0, b=0.0)) == {"bias": 0.3}
    assert weighted(told, everywhere(a=0.0, b=1.0)) == {"bias": 0.4}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.floats(0.1, 10))
def test_a_mean_lies_between_what_was_said_and_scales_with_no_weight(scores, weight):
    told = [opinion(str(n), bias=s) for n, s in enumerate(scores)]
    weights = everywhere(**{str(n): weight for n in range(len(scores))})
    (found,) = weighted(told, weights).values()
    assert min(scores) - 1e-4 <= found <= max(scores) + 1e-4


@given(st.floats(0.001, 0.999))
def test_platt_scaling_of_one_and_nought_changes_nothing(p):
    assert math.isclose(platt(p, 1.0, 0.0), p, rel_tol=1e-6)
    assert platt(p, 2.0, 0.0) < 0.5 or p >= 0.5


def test_answers_by_cuts():
    found = answers_of(np.array([0.0, 0.5, 0.79, 0.8, np.nan]), [0.5, 0.8])
    assert found.tolist() == [0, 1, 1, 2, -1]


def test_dawid_skene_learns_who_errs():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 400)
    good = [np.where(rng.random(400) < 0.92, truth, 1 - truth) for _ in range(2)]
    noise = [rng.integers(0, 2, 400) for _ in range(3)]
    votes = np.stack([*good, *noise], axis=1)
    found = dawid_skene(votes, 2).argmax(1)
    majority = (votes.mean(1) > 0.5).astype(int)
    assert (found == truth).mean() > (majority == truth).mean() + 0.05
    assert (found == truth).mean() > 0.88


def test_dawid_skene_leaves_a_text_without_votes_open():
    shares = dawid_skene(np.array([[0, 0], [-1, -1], [1, 1], [1, -1]]), 2)
    assert np.isnan(shares[1]).all()
    assert shares[[0, 2, 3]].sum(1) == pytest.approx(1)
    assert np.isnan(dawid_skene(np.full((2, 3), -1), 3)).all()


def test_fleiss_kappa_of_the_published_example():
    # Fleiss 1971 by way of its usual worked table: 10 subjects, 14 raters, 5 answers: 0.210.
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    votes = np.array([[a for a, n in enumerate(row) for _ in range(n)] for row in table])
    assert agreement(votes, 5, ordered=False)["fleiss_kappa"] == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_alpha_of_the_published_example():
    # Krippendorff 2011, example D: four observers, twelve units, missing values.
    nan = 0
    data = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    )
    votes = data.T - 1
    assert agreement(votes, 5, ordered=False)["krippendorff_alpha"] == pytest.approx(
        0.743, abs=5e-4
    )
    assert agreement(votes, 5, ordered=True)["krippendorff_alpha"] == pytest.approx(0.815, abs=5e-4)


def test_nothing_to_compare_is_no_number():
    found = agreement(np.array([[0, -1], [-1, 1]]), 2, ordered=False)
    assert found["texts"] == 0
    assert math.isnan(found["fleiss_kappa"])
    assert math.isnan(found["krippendorff_alpha"])
