"""Commercial scorers, against a real HTTP server on the loopback device."""

import sqlite3

import pytest
from judge_bench import BAD, COPY, EMPTY, PEOPLE, ROWS, bench
from openai_server import OpenAIServer, analyzed, error, moderated, source_text

from srllm_data.config import RaterConfig
from srllm_data.provider import provider as provider_module
from srllm_train.evaluation.suites import judge as suite


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(provider_module, "BACKOFF_S", 0.002)
    monkeypatch.setattr(provider_module, "MAX_BACKOFF_S", 0.02)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("PERSPECTIVE_API_KEY", "sk-secret")


def score(request):
    return 0.8 if any(word in source_text(request) for word in BAD) else 0.1


def moderates(request, nth):
    categories = ("harassment", "harassment__threatening", "hate", "hate__threatening", "violence")
    return moderated(**dict.fromkeys(categories, score(request)))


def analyses(request, nth):
    names = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "THREAT", "INSULT")
    return analyzed(**dict.fromkeys(names, score(request)))


def rater(server, kind, **changes):
    settings = {"timeout_s": 5.0, "max_attempts": 2, "max_wait_s": 1.0, **changes}
    return RaterConfig(name="mine", kind=kind, base_url=server.url, **settings)


@pytest.mark.parametrize(("kind", "script"), [("moderation", moderates), ("perspective", analyses)])
def test_texts_and_rewrites_are_scored_and_the_date_is_told(kind, script, tmp_path):
    with OpenAIServer(script) as server:
        mine = bench(tmp_path, [PEOPLE, COPY, EMPTY], raters=[rater(server, kind)])
        most = suite.estimate(mine)
        outcome = suite.run(mine)
    # 3 texts, and 3 answers of each system; copies are the texts and empty ones are not sent.
    assert (most, len(server.requests)) == (3 + 9, 6)
    for row in ROWS:
        person, copy, empty = (
            {c: outcome.values[n][0][row.id][f"mine_{c}"] for c in ("not_toxic", "not_flagged")}
            for n in ("reference", "copy", "empty")
        )
        assert person == {"not_toxic": 0.9, "not_flagged": 1.0}
        assert copy == {"not_toxic": pytest.approx(0.2), "not_flagged": 0.0}
        assert empty == {"not_toxic": 0.0, "not_flagged": 0.0}
    facts = outcome.facts["scorer mine"]
    assert facts["version"].startswith(
        {"moderation": "omni-moderation-latest ", "perspective": "perspective "}[kind]
    )
    with sqlite3.connect(tmp_path / "requests.sqlite") as ledger:
        created = sorted(at for (at,) in ledger.execute("SELECT created FROM requests"))
    assert facts["answered"] == [created[0], created[-1]]
    (table,) = [t for t in outcome.tables if t.title == "Original texts by mine"]
    told = dict(table.rows)
    assert (told["texts"], told["mean toxicity"], told["share flagged"]) == (3, 0.8, 1.0)
    assert told["first answer"] == created[0]
    assert "commercial scorers" not in outcome.left_out
    assert "judge" in outcome.left_out


def test_a_scorer_that_cannot_be_used_is_told_and_the_rest_goes_on(tmp_path):
    with OpenAIServer(lambda r, n: error(401, "wrong key")) as server:
        mine = bench(tmp_path, [COPY], raters=[rater(server, "moderation")])
        outcome = suite.run(mine)
    assert "label.raters" in outcome.left_out["scorer mine"]
    assert all("(local)" in m.name for m in outcome.measures)


def test_texts_without_an_answer_are_missing_and_counted(tmp_path):
    with OpenAIServer(lambda r, n: error(500) if score(r) > 0.5 else moderates(r, n)) as server:
        mine = bench(tmp_path, [PEOPLE, COPY], raters=[rater(server, "moderation")])
        outcome = suite.run(mine)
    assert all("mine_not_toxic" not in outcome.values["copy"][0][r.id] for r in ROWS)
    assert all("mine_not_toxic" in outcome.values["reference"][0][r.id] for r in ROWS)
    assert "3 texts have no answer of mine; they are missing." in outcome.notes


def test_a_chat_rater_is_no_commercial_scorer(tmp_path):
    chat = RaterConfig(name="chat", kind="chat", model="m")
    outcome = suite.run(bench(tmp_path, [COPY], raters=[chat]))
    assert "commercial scorers" in outcome.left_out
