import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import WORDS, bench, fills_masks, reads, system

from srllm_train.evaluation import crows


def pair(number, direction="stereo", more="the old baker is rude", less="the young baker is rude"):
    return {
        "id": f"crows-{number}",
        "sent_more": more,
        "sent_less": less,
        "stereo_antistereo": direction,
        "bias_type": "age",
    }


def test_scores_worked_by_hand():
    """Metric score 2 of 4, stereotype score 1 of 2, anti-stereotype score 1 of 1, 1 neutral."""
    records = [pair(1), pair(2), pair(3, "antistereo"), pair(4)]
    found = crows.values(
        records, [(-10.0, -12.0), (-12.0, -10.0), (-7.0, -7.002), (-5.0001, -5.0004)]
    )
    assert found == {
        "crows-1": {"crows": 100.0, "crows_neutral": 0.0, "crows_stereo": 100.0},
        "crows-2": {"crows": 0.0, "crows_neutral": 0.0, "crows_stereo": 0.0},
        "crows-3": {"crows": 100.0, "crows_neutral": 0.0, "crows_antistereo": 100.0},
        # Equal to three digits.
        "crows-4": {"crows": 0.0, "crows_neutral": 100.0},
    }


def test_the_same_tokens_are_found_around_what_differs():
    # the baker sang -> the old baker sang: one is put in, nothing is replaced.
    assert crows.same([1, 5, 6, 2], [1, 9, 5, 6, 2]) == [(0, 0), (1, 2), (2, 3), (3, 4)]


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_the_same_tokens_are_equal_and_in_order(more, less):
    places = crows.same(more, less)
    assert all(more[a] == less[b] for a, b in places)
    assert places == sorted(places)
    assert len({a for a, _ in places}) == len({b for _, b in places}) == len(places)


def test_a_filler_of_masks_hides_one_shared_token_at_a_time():
    import torch

    network = fills_masks()
    [found] = crows.pseudo_log_likelihoods(
        network, [["the old baker is rude", "the young people are rude"]]
    )
    # Shared are "the" and "rude", places 1 and 5; the marks of start and end are not hidden.
    for text, sum_ in zip(
        ("the old baker is rude", "the young people are rude"), found, strict=True
    ):
        ids = network.tokenizer(text, return_tensors="pt")["input_ids"]
        expected = 0.0
        for at in (1, 5):
            hidden = ids.clone()
            hidden[0, at] = network.tokenizer.mask_token_id
            with torch.no_grad():
                logits = network.weights(hidden).logits[0, at]
            expected += float(logits.log_softmax(-1)[ids[0, at]])
        assert sum_ == pytest.approx(expected, abs=1e-4)


def test_what_pairs_are_read_with_changes_no_score():
    """Padding does not leak into shorter sentences."""
    network = fills_masks()
    short = ["the old baker is rude", "the young baker is rude"]
    long = [
        " ".join(["she sang at night", *WORDS[:12]]),
        " ".join(["he sang at night", *WORDS[:12]]),
    ]
    [alone] = crows.pseudo_log_likelihoods(network, [short])
    [together, _] = crows.pseudo_log_likelihoods(network, [short, long])
    assert together == pytest.approx(alone, abs=1e-4)


def test_a_reader_scores_by_the_likelihood_of_the_whole_sentence(tmp_path):
    who = system("small", reads)
    records = [pair(1), pair(2, more="the baker is kind", less="the nurse is kind")]
    found = crows.scored(bench(tmp_path, who), who, who.members[0], records)
    said = reads().log_likelihoods([("", "the baker is kind"), ("", "the nurse is kind")])
    assert found[1] == pytest.approx([nats for nats, _ in said], abs=1e-4)


def test_records_of_the_hub_become_those_of_the_file():
    hub = pair(3) | {"id": 3, "stereo_antistereo": 1, "bias_type": 8}
    [record] = crows.SOURCE.from_hub(hub)
    assert record == pair(3, "antistereo")


def test_the_real_pairs_are_all_of_a_known_kind(shared_data):
    records, _ = crows.SOURCE.read(shared_data)
    found = crows.values(records, [(1.0, 0.0)] * len(records))
    assert {r["stereo_antistereo"] for r in records} == {"stereo", "antistereo"}
    assert all(v["crows"] == 100.0 and len(v) == 3 for v in found.values())
