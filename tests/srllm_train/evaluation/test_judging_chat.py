"""A chat model as judge, against a real HTTP server on the loopback device."""

import pytest
from judge_bench import (
    BAD,
    COPY,
    EMPTY,
    FAILED,
    PEOPLE,
    REFUSAL,
    ROWS,
    asked,
    bench,
    content,
    fair,
    judge,
    said,
    system,
    voiced,
)
from openai_server import OpenAIServer, answer, error

from srllm_data.provider import provider as provider_module
from srllm_train.evaluation.judging.chat import COLUMNS, judged, preferred, scores
from srllm_train.evaluation.judging.questions import Content, Opinions
from srllm_train.evaluation.suites import judge as suite


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(provider_module, "BACKOFF_S", 0.002)
    monkeypatch.setattr(provider_module, "MAX_BACKOFF_S", 0.02)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


@pytest.fixture(scope="session", autouse=True)
def _models_loaded(tmp_path_factory):
    """Models are loaded once, before any test is timed."""
    suite.run(bench(tmp_path_factory.mktemp("loaded"), [COPY], rows=ROWS[:1], most=1))


def of(outcome, name):
    """A system's values by row."""
    return outcome.values[name][0]


def run(script, folder, systems, **changes):
    with OpenAIServer(script) as server:
        outcome = suite.run(bench(folder, systems, judge(server, **changes)))
        return outcome, server


def table(outcome, title):
    found = next(t for t in outcome.tables if t.title == title)
    return {row[0]: row[1:] for row in found.rows}


def test_scores_are_shares_and_their_product():
    # 3 of 4 claims kept, 2 of 2 supported, partly relevant; 1 of 4 opinions biased, 2 toxic:
    # 0.75 x 1 x 0.5 x 0.75 x 0.5 = 0.140625
    assert scores(Content(4, 3, 2, 2, 0.5), Opinions(4, 1, 2, 2)) == {
        "kept": 0.75,
        "supported": 1.0,
        "relevant": 0.5,
        "unbiased": 0.75,
        "not_toxic": 0.5,
        "all": 0.140625,
    }


def test_what_states_nothing_is_not_faithful():
    found = scores(Content(2, 0, 0, 0, 0.0), Opinions(0, 0, 0, 0))
    assert (found["kept"], found["supported"], found["all"]) == (0, 0, 0)


def test_a_text_without_claims_says_nothing_about_retention():
    found = scores(Content(0, 0, 0, 0, 1.0), Opinions(0, 0, 0, 0))
    assert found == {"relevant": 1, "unbiased": 1, "not_toxic": 1, "all": 1}


def test_an_answer_that_is_missing_is_no_score():
    assert scores(None, None) == {}
    assert scores(None, Opinions(2, 1, 0, 1)) == {"unbiased": 0.5, "not_toxic": 1.0}
    assert "all" not in scores(Content(1, 1, 1, 1, 1.0), None)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("first", "second", {"preferred": 1.0, "inconsistent": 0.0}),
        ("second", "first", {"preferred": 0.0, "inconsistent": 0.0}),
        ("same", "same", {"preferred": 0.5, "inconsistent": 0.0}),
        ("first", "first", {"inconsistent": 1.0}),
        ("second", "second", {"inconsistent": 1.0}),
        ("same", "first", {"inconsistent": 1.0}),
        ("first", "same", {"inconsistent": 1.0}),
        (None, "first", {}),
        ("same", None, {}),
    ],
)
def test_only_a_preference_that_both_orders_share_counts(one, other, found):
    assert preferred(one, other) == found


def test_systems_are_judged_and_the_judge_is_checked_against_people(tmp_path):
    outcome, server = run(fair, tmp_path, [PEOPLE, COPY, EMPTY])
    assert [m.name for m in outcome.measures if m.headline] == ["all five (judge)"]
    for row in ROWS:
        person, copy, empty = (of(outcome, n)[row.id] for n in ("reference", "copy", "empty"))
        assert [person[c] for c in COLUMNS] == [1, 1, 1, 1, 1, 1]
        assert (person["preferred"], "inconsistent" in person) == (0.5, False)
        # One of two opinions is biased and toxic: 0.5 x 0.5.
        assert [copy[c] for c in COLUMNS] == [1, 1, 1, 0.5, 0.5, 0.25]
        assert (copy["preferred"], copy["inconsistent"]) == (0, 0)
        assert [empty[c] for c in (*COLUMNS, "preferred")] == [0] * 7
    assert outcome.tables[0].title == "Does the judge agree with people?"
    assert "agrees with people" in outcome.notes[0] or "not known" in outcome.notes[0]
    facts = outcome.facts["judge"]
    assert (facts["model"], facts["endpoint"]) == ("j", server.url)
    assert len(facts["answered"]) == 2
    assert facts["questions"] == len(server.requests)


def test_each_question_is_asked_once_and_no_more_than_were_estimated(tmp_path):
    twin = system("twin", lambda text: text)
    with OpenAIServer(fair) as server:
        mine = bench(tmp_path, [PEOPLE, COPY, twin, EMPTY], judge(server))
        most = suite.estimate(mine)
        suite.run(mine)
    # 9 texts of known labels; two questions for each of 3 references, 3 copies, their 3 twins and
    # 3 empty answers; two orders of all but the references.
    assert most == 9 + 2 * 12 + 2 * 9
    # 9 known texts; 3 x 2 for references; copies and twins share 3 x 4; empty ones need none.
    assert len(server.requests) == 9 + 6 + 12


def test_what_says_nothing_never_reaches_the_judge(tmp_path):
    outcome, server = run(fair, tmp_path, [EMPTY, FAILED, REFUSAL])
    for name in ("empty", "failed", "refusal"):
        for row in ROWS:
            assert [of(outcome, name)[row.id][c] for c in (*COLUMNS, "preferred")] == [0] * 7
    assert all(set(asked(r)) == {"text"} for r in server.requests)
    assert table(outcome, "Answers that say nothing")["refusal"] == (3, 3)


def test_a_judge_that_prefers_a_place_prefers_nothing(tmp_path):
    def script(request, nth):
        texts = asked(request)
        return said(why="w", better="rewrite_1") if "rewrite_1" in texts else fair(request)

    outcome, _ = run(script, tmp_path, [PEOPLE, COPY])
    for row in ROWS:
        assert of(outcome, "copy")[row.id]["inconsistent"] == 1
        assert "preferred" not in of(outcome, "copy")[row.id]
    itself = table(outcome, "The judge itself")
    assert itself["comparisons that turn with the order"] == (3, 3, 1.0)
    assert itself["choices of the first rewrite"] == (6, 6, 1.0)
    assert any("In 3 of 3 comparisons the judge changed its mind" in n for n in outcome.notes)


def test_a_judge_that_finds_everything_fine_is_not_trusted(tmp_path):
    outcome, _ = run(
        lambda r, n: voiced() if "text" in asked(r) else fair(r), tmp_path, [PEOPLE, COPY]
    )
    found = table(outcome, "Does the judge agree with people?")
    # 3 of 9 texts are biased, so 6 answers are right.
    assert found["same answer (share of texts)"][:2] == (9, 0.6667)
    assert found["same answer beyond chance (Cohen's kappa)"][:2] == (9, 0.0)
    assert found["finds the biased text worse than its rewrite (share of pairs)"][1] == 0.0
    assert "do not trust its figures" in outcome.notes[0]


@pytest.mark.parametrize(
    ("response", "end", "note"),
    [
        (answer("Both are fine."), "malformed", None),
        (answer("{"), "malformed", None),
        (answer("I'm sorry, but I can't help with that."), "refused", "declined to answer"),
        (answer("", finish_reason="content_filter"), "content_filtered", "declined to answer"),
        (answer("{", finish_reason="length"), "truncated", "raise validate.judge.max_tokens"),
        (error(500, "oops"), "unreachable", "evaluate again"),
    ],
)
def test_a_judge_without_an_answer_gives_no_score(response, end, note, tmp_path):
    one = ROWS[:1]
    with OpenAIServer(lambda r, n: response) as server:
        mine = bench(tmp_path, [COPY], judge(server), rows=one, most=1)
        outcome = suite.run(mine)
    values = of(outcome, "copy")["r1"]
    assert not {*COLUMNS, "preferred", "inconsistent"} & set(values)
    assert values["local_all"] > 0
    # 3 known texts, content, opinions, both orders.
    assert table(outcome, "The judge itself")[f"answers: {end}"] == (7, 7, 1.0)
    assert note is None or any(note in n for n in outcome.notes)
    assert "is not known" in outcome.notes[0]


def test_a_malformed_answer_is_asked_for_once_more(tmp_path):
    def script(request, nth):
        return fair(request) if len(request["messages"]) > 2 else answer("Well.")

    with OpenAIServer(script) as server:
        mine = bench(tmp_path, [COPY], judge(server), rows=ROWS[:1], most=1)
        outcome = suite.run(mine)
    assert of(outcome, "copy")["r1"]["all"] == 0.25
    assert len(server.requests) == 14


def test_a_second_report_asks_nothing_and_says_the_same(tmp_path, monkeypatch):
    first, server = run(fair, tmp_path, [PEOPLE, COPY])
    monkeypatch.delenv("OPENAI_API_KEY")
    # Nobody listens at the server's port any more.
    again = suite.run(bench(tmp_path, [PEOPLE, COPY], judge(server)))
    assert again == first


def test_personal_data_does_not_leave_the_machine(tmp_path):
    text = "That idiot Gareth Pritchard wrote to gareth@example.com from Fell Lane."
    write = system("s", lambda t: "Gareth Pritchard wrote to gareth@example.com from Fell Lane.")
    with OpenAIServer(fair) as server:
        rows = [type(ROWS[0])("r", text, ("Pritchard wrote to gareth@example.com.",))]
        mine = bench(tmp_path, [PEOPLE, write], judge(server), rows=rows, most=1)
        suite.run(mine)
    sent = [asked(r) for r in server.requests]
    assert not any(
        word in t for found in sent for t in found.values() for word in ("Pritchard", "gareth@")
    )
    pair = next(t for t in sent if "<PERSON_1>" in t.get("rewrite", ""))
    assert "<PERSON_1>" in pair["original"]


def test_without_a_judge_the_local_metrics_are_there_and_nothing_is_sent(tmp_path):
    mine = bench(tmp_path, [PEOPLE, COPY, EMPTY, REFUSAL])
    assert suite.estimate(mine) == 0
    outcome = suite.run(mine)
    assert "validate.judge" in outcome.left_out["judge"]
    assert "label.raters" in outcome.left_out["commercial scorers"]
    assert all("(local)" in m.name for m in outcome.measures)
    columns = [m.columns[0] for m in outcome.measures]
    for row in ROWS:
        person, copy = of(outcome, "reference")[row.id], of(outcome, "copy")[row.id]
        assert set(person) <= set(columns)
        assert copy["local_kept"] == copy["local_supported"] == 1
        assert person["local_unbiased"] > copy["local_unbiased"]
        assert all(of(outcome, n)[row.id][c] == 0 for n in ("empty", "refusal") for c in columns)


def test_an_endpoint_that_takes_no_key_is_told_and_the_rest_goes_on(tmp_path):
    outcome, _ = run(lambda r, n: error(401, "wrong key"), tmp_path, [PEOPLE, COPY])
    assert "validate.judge" in outcome.left_out["judge"]
    assert all("(local)" in m.name for m in outcome.measures)
    assert of(outcome, "copy")["r1"]["local_kept"] == 1


def test_a_row_without_a_reference_is_compared_with_nothing(tmp_path):
    rows = [type(ROWS[0])("r", ROWS[0].text)]
    with OpenAIServer(fair) as server:
        outcome = suite.run(bench(tmp_path, [PEOPLE, COPY], judge(server), rows=rows, most=1))
    assert "preferred" not in of(outcome, "copy")["r"]
    assert "reference" in outcome.left_out


def test_cases_that_say_nothing_are_the_worst_by_themselves(tmp_path):
    with OpenAIServer(lambda r, n: content([], []) if "rewrite" in asked(r) else voiced()) as s:
        config = judge(s)
        mine = bench(tmp_path, [], config, rows=ROWS[:1], most=1)
        cases = [(ROWS[0], ""), (ROWS[0], ROWS[0].references[0])]
        found = judged(mine, config, cases, {cases[0]})
    assert found.values[cases[0]] == dict.fromkeys((*COLUMNS, "preferred"), 0.0)
    assert found.values[cases[1]]["preferred"] == 0.5


def test_bad_words_of_the_scripts_are_in_the_texts():
    assert all(any(word in row.text for word in BAD) for row in ROWS)
