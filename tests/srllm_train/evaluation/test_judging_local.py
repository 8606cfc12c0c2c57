"""The five metrics on this machine: what each rewards, and what none of them may."""

import pytest
from judge_bench import ROWS, bench

from srllm_data.trivial import SYSTEMS
from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.judging.local import COLUMNS, local


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    mine = bench(tmp_path_factory.mktemp("local"), [])

    def of(answer, text=ROWS[0].text):
        case = (Row("r", text), answer)
        values, nothing = local(mine, [case])
        return {n.removeprefix("local_"): v for n, v in values[case].items()}, case in nothing

    return of


@pytest.mark.parametrize("answer", ["", " \n", "...", "N/A", SYSTEMS["refusal"]("", [])])
def test_what_says_nothing_has_the_worst_of_everything(answer, scored):
    found, nothing = scored(answer)
    assert nothing
    assert list(found.values()) == [0.0] * len(COLUMNS)


def test_words_that_are_kept_and_added_are_shares(scored):
    # Content words: buses, ran, late, Fell, Lane; of the rewrite's buses, ran, Fell, Road: 3 of 5
    # are kept and 3 of 4 are the text's.
    found, nothing = scored("Buses ran in Fell Road.", "Buses ran late in Fell Lane.")
    assert not nothing
    assert (found["kept"], found["supported"]) == (0.6, 0.75)
    assert 0 < found["relevant"] < 1


def test_all_is_the_product(scored):
    found, _ = scored(ROWS[0].references[0])
    product = 1.0
    for name in ("kept", "supported", "relevant", "unbiased", "not_toxic"):
        product *= found[name]
    assert found["all"] == pytest.approx(product, abs=1e-5)


def test_a_statement_that_is_turned_round_is_not_faithful(scored):
    found, _ = scored("Buses did not run in Fell Lane.", "Buses did run in Fell Lane.")
    assert (found["supported"], found["all"]) == (0, 0)
    assert found["kept"] == 1


@pytest.mark.parametrize("name", ["[REDACTED]", "polite sentence"])
def test_an_answer_that_fits_any_text_wins_nothing(name, scored):
    found, nothing = scored(SYSTEMS[name](ROWS[0].text, []))
    assert not nothing
    assert (found["kept"], found["supported"], found["all"]) == (0, 0, 0)


def test_a_copy_keeps_all_and_loses_by_its_bias(scored):
    copy, _ = scored(ROWS[0].text)
    person, _ = scored(ROWS[0].references[0])
    assert copy["kept"] == copy["supported"] == 1
    assert copy["unbiased"] < person["unbiased"]
    assert copy["all"] < person["all"]
