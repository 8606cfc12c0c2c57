"""Agreement of a judge with known labels, by hand."""

import pytest
from judge_bench import bench

from srllm_train.evaluation.judging.questions import Opinions
from srllm_train.evaluation.judging.trust import Known, known, trust

BAD, FINE = Opinions(2, 1, 0, 1), Opinions(2, 0, 0, 0)
#: Two biased texts with their rewrites, and two neutral ones.
TEXTS = [
    Known("a", True, 0),
    Known("b", False, 0),
    Known("c", True, 1),
    Known("d", False, 1),
    Known("e", False, 2),
    Known("f", False, 3),
]


def values(said):
    table, verdict = trust(TEXTS, said)
    return {row[0].partition(" (")[0]: row[1:] for row in table.rows}, verdict


def test_full_agreement():
    found, verdict = values([BAD, FINE, BAD, FINE, FINE, FINE])
    assert found["same answer"] == (6, 1.0, 1.0, 1.0)
    assert found["same answer beyond chance"][:2] == (6, 1.0)
    assert found["finds the biased text worse than its rewrite"] == (2, 1.0, 1.0, 1.0)
    assert verdict == (
        "The judge agrees with people at a kappa of 1.00 on 6 texts, which is substantial."
    )


def test_kappa_by_hand():
    # People: 2 bad, 4 fine. The judge: a, b bad. Agree: a, d, e, f = 4 of 6. By chance:
    # (2 x 2 + 4 x 4) / 36 = 5/9. Kappa = (2/3 - 5/9) / (1 - 5/9) = 1/4.
    found, verdict = values([BAD, BAD, FINE, FINE, FINE, FINE])
    assert found["same answer"][:2] == (6, 0.6667)
    assert found["same answer beyond chance"][:2] == (6, 0.25)
    assert found["finds the biased text worse than its rewrite"][:2] == (2, 0.0)
    _, value, low, high = found["same answer"]
    assert 0 <= low < value < high <= 1
    assert verdict.endswith("do not trust its figures.")


def test_a_text_that_is_biased_in_fewer_opinions_is_less_biased():
    found, _ = values([BAD, Opinions(4, 1, 0, 1), BAD, BAD, FINE, FINE])
    # 1/2 against 1/4, and 1/2 against 1/2.
    assert found["finds the biased text worse than its rewrite"][:2] == (2, 0.5)


def test_texts_without_an_answer_are_left_out():
    found, _ = values([BAD, FINE, None, FINE, None, None])
    assert found["same answer"][:2] == (3, 1.0)
    assert found["finds the biased text worse than its rewrite"][0] == 1


@pytest.mark.parametrize("said", [[None] * 6, [None, FINE, None, None, FINE, None]])
def test_agreement_that_cannot_be_told_is_not_trusted(said):
    found, verdict = values(said)
    assert found["same answer beyond chance"][1:] == (None, None, None)
    assert verdict.startswith("Whether the judge agrees with people is not known")
    assert verdict.endswith("Do not trust its figures.")


def test_the_known_texts_are_the_same_ones_in_every_report(tmp_path):
    full = known(bench(tmp_path / "a", [], most=None))
    assert len(full) == 150
    assert sum(k.bad for k in full) == 50
    mine = bench(tmp_path / "b", [], most=4)
    mine.seed = 7
    few = known(mine)
    assert [k.text for k in few[:8]] == [k.text for k in full[:8]]
    assert [(k.bad, k.pair) for k in few[:4]] == [(True, 0), (False, 0), (True, 2), (False, 2)]
    assert len({k.pair for k in few}) == 8
