import math

import pytest
from small_networks import bench, reads, system, without_hub

from srllm_train.evaluation.contract import Measure, Outcome, Row
from srllm_train.evaluation.neutral_text import rows, values
from srllm_train.evaluation.statistics import Statistics

PERPLEXITY = Measure("perplexity", "", ("nats", "tokens"), "perplexity", better="lower")


def test_perplexity_is_that_of_all_tokens_together_not_a_mean_of_each_texts():
    """Two texts of 2 tokens at 1/4 and of 1 token at 1/16: exp((2 ln 4 + ln 16) / 3) = 256^(1/3).

    The mean of each text's own would be (4 + 16) / 2 = 10.
    """
    said = {
        "a": {"nats": 2 * math.log(4), "tokens": 2.0},
        "b": {"nats": math.log(16), "tokens": 1.0},
    }
    outcome = Outcome((PERPLEXITY,), [Row("a", ""), Row("b", "")], {"small": [said]})
    found = Statistics(outcome).estimate(PERPLEXITY, "small")
    assert found.value == pytest.approx(256 ** (1 / 3))
    # Drawing one text twice gives that text's own.
    assert (found.low, found.high) == pytest.approx((4.0, 16.0))


def test_texts_are_read_from_the_start_and_their_bytes_counted(tmp_path):
    who = system("small", reads)
    texts = [Row("a", "Zoë sang at night."), Row("b", "Bread is cold.")]
    found = values(bench(tmp_path, who), who, who.members[0], texts)
    [(nats, tokens), _] = reads().log_likelihoods([("", r.text) for r in texts])
    assert found["a"]["nats"] == pytest.approx(-nats, abs=1e-4)
    assert found["a"]["tokens"] == tokens
    # The letter with two dots takes two bytes.
    assert found["a"]["bytes"] == 19
    assert found["a"]["bits"] == pytest.approx(found["a"]["nats"] / 0.6931471805599453)


def test_without_data_the_projects_own_controls_are_read(tmp_path, monkeypatch):
    without_hub(monkeypatch)
    left_out = {}
    found = rows(bench(tmp_path, data=tmp_path, most=5), left_out)
    assert [r.source for r in found] == ["own controls"] * 5
    assert len(left_out) == 2
    assert all(str(tmp_path) in why for why in left_out.values())


def test_the_real_texts_are_neutral_sides_and_held_back(shared_data, tmp_path):
    left_out = {}
    found = rows(bench(tmp_path, data=shared_data, most=3), left_out)
    assert not left_out
    assert sorted({r.group for r in found}) == sorted({r.source for r in found})
    assert len(found) == 9
    assert len({r.id for r in found}) == 9
