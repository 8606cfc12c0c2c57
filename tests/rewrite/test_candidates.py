"""Candidates, rounds of mending and the gate before all of it."""

import json

import pytest
from openai_server import OpenAIServer, answer, error, rewritten, source_text
from pydantic import ValidationError
from rewrite_rows import accounted, table

from srllm_data import progress
from srllm_data.config import (
    OtherModelConfig,
    RedactConfig,
    RewriteConfig,
    ValidateConfig,
)
from srllm_data.label import label
from srllm_data.rewrite import rewrite
from srllm_data.rewrite.prompt import Prompt
from srllm_data.schema import schema_after
from srllm_data.validate import Gatekeeper

TEXT = "The stupid mayor closed the bridge on Monday."
GOOD = "The mayor closed the bridge on Monday."
OTHER = "The stupid clerk has no idea."
LEFT = "The stupid mayor closed the old bridge on Monday."
LOST = "A mayor did something."
WORSE = "That stupid idiot did something."


@pytest.fixture(scope="module")
def judge():
    return Gatekeeper(RedactConfig(), ValidateConfig(accept_deletions=True))


def rows_of(*texts):
    """Rows with the labels that the label stage gives them; none is a control."""
    given = table(texts).select(schema_after("redact").names)
    from srllm_data.config import LabelConfig

    made = label(given, LabelConfig()).kept
    place = made.schema.get_field_index("control")
    return made.set_column(place, "control", table(texts)["control"])


def config(server, **changes):
    return RewriteConfig(model="first", base_url=server.url, **{"examples": 0, **changes})


def run(script, judge, tmp_path, texts=(TEXT,), **changes):
    """The output, and the requests that the server got."""
    with OpenAIServer(script) as server:
        rows, shown = rows_of(*texts), []
        with progress._listening(shown.append):
            output = rewrite(rows, config(server, **changes), tmp_path / "requests.sqlite", judge)
        accounted(rows, output)
        assert sum(shown) == pytest.approx(len(texts))
        return output, server.requests


def candidates_of(output):
    (found,) = output.kept["candidates"].to_pylist()
    return found


def test_the_gates_choose_among_samples_and_keep_the_others(judge, tmp_path):
    said = [LOST, GOOD, LEFT]
    output, requests = run(
        lambda r, nth: rewritten(said[r["seed"] - 1]),
        judge,
        tmp_path,
        samples=3,
        temperature=0.7,
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    found = {c["text"]: c for c in candidates_of(output)}
    assert {t: c["verdict"] for t, c in found.items()} == {
        GOOD: "accept",
        LOST: "reject",
        LEFT: "reject",
    }
    assert [found[t]["sample"] for t in said] == [0, 1, 2]
    assert all(c["signals"] for c in found.values())
    assert any("content words" in reason for reason in found[LOST]["reasons"])
    assert len(requests) == 3


def test_equal_samples_need_no_second_question_but_a_temperature():
    with pytest.raises(ValidationError, match=r"needs a rewrite\.temperature"):
        RewriteConfig(model="m", samples=2)


def test_the_gates_choose_among_models(judge, tmp_path):
    output, _ = run(
        lambda r, nth: rewritten(GOOD if r["model"] == "second" else LEFT),
        judge,
        tmp_path,
        others=[OtherModelConfig(model="second")],
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert output.kept["rewrite_by"].to_pylist()[0].endswith(" second rewrite-v2")


def test_another_model_stands_in_for_one_that_declines(judge, tmp_path):
    output, _ = run(
        lambda r, nth: rewritten(GOOD) if r["model"] == "second" else answer(None, refusal="No."),
        judge,
        tmp_path,
        others=[OtherModelConfig(model="second")],
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert [c["outcome"] for c in candidates_of(output)] == ["refused", "ok"]


def test_the_editor_can_stand_in(judge, tmp_path):
    output, _ = run(lambda r, nth: rewritten(TEXT), judge, tmp_path, editor_too=True)
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert output.kept["rewrite_by"].to_pylist()[0].startswith("editor-")


def test_what_the_gates_do_not_accept_is_mended(judge, tmp_path):
    output, requests = run(
        lambda r, nth: rewritten(GOOD if len(r["messages"]) > 2 else LEFT),
        judge,
        tmp_path,
        refine_rounds=2,
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert [(c["round"], c["verdict"]) for c in candidates_of(output)] == [
        (0, "reject"),
        (1, "accept"),
    ]
    asked = requests[1]["messages"]
    assert json.loads(asked[-2]["content"]) == {"rewrite": LEFT}
    assert 'residual bias (critical) at "stupid"' in asked[-1]["content"]
    # Mended in the first round, it needs no second one.
    assert len(requests) == 2
    facts = output.facts
    assert (facts["round_1_tried"], facts["round_1_kept"], facts["round_1_accepted"]) == (1, 1, 1)
    assert facts["round_1_refine_requests"] == 1
    assert facts["round_2_tried"] == 0


def test_a_mere_deletion_is_held_and_not_sent_back(tmp_path):
    strict = Gatekeeper(RedactConfig(), ValidateConfig())
    output, requests = run(lambda r, nth: rewritten(GOOD), strict, tmp_path, refine_rounds=3)
    assert len(requests) == 1
    (found,) = candidates_of(output)
    assert found["verdict"] == "hold"


def test_an_accepted_draft_is_left_alone(judge, tmp_path):
    output, requests = run(
        lambda r, nth: rewritten(GOOD), judge, tmp_path, refine_rounds=3, estimate_by="model"
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert len(requests) == 1


def test_a_refinement_that_is_worse_is_not_kept(judge, tmp_path):
    output, _ = run(
        lambda r, nth: rewritten(WORSE if len(r["messages"]) > 2 else LEFT),
        judge,
        tmp_path,
        refine_rounds=1,
    )
    assert output.kept["rewrite"].to_pylist() == [LEFT]
    assert [c["text"] for c in candidates_of(output)] == [LEFT, WORSE]
    assert output.facts["round_1_kept"] == 0


def test_an_unchanged_draft_can_be_mended_but_is_never_the_rewrite(judge, tmp_path):
    output, _ = run(
        lambda r, nth: rewritten(GOOD if len(r["messages"]) > 2 else TEXT),
        judge,
        tmp_path,
        refine_rounds=1,
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    stays, _ = run(lambda r, nth: rewritten(TEXT), judge, tmp_path / "b", refine_rounds=1)
    assert stays.kept.num_rows == 0
    assert stays.dropped["reason"].to_pylist() == ["unchanged"]


def test_a_failed_refinement_leaves_the_draft_and_is_asked_again(judge, tmp_path):
    def script(request, nth):
        return error(400, "no") if len(request["messages"]) > 2 else rewritten(LEFT)

    output, _ = run(script, judge, tmp_path, refine_rounds=1)
    assert output.kept["rewrite"].to_pylist() == [LEFT]
    assert output.facts["ask_again"] == 1


def test_a_models_own_estimate_is_added(judge, tmp_path):
    error_ = {"type": "fluency", "severity": "minor", "span": "old", "note": "odd word"}

    def script(request, nth):
        asked = request["messages"][-1]["content"]
        if "Compare your rewrite" in asked:
            return answer(json.dumps({"errors": [error_]}))
        return rewritten(GOOD if len(request["messages"]) > 2 else LEFT)

    output, requests = run(script, judge, tmp_path, refine_rounds=1, estimate_by="model")
    assert 'fluency (minor) at "old": odd word' in requests[-1]["messages"][-1]["content"]
    assert output.facts["round_1_estimate_requests"] == 1


def test_a_malformed_estimate_costs_nothing_but_itself(judge, tmp_path):
    def script(request, nth):
        asked = [m["content"] for m in request["messages"] if m["role"] == "user"]
        if any("Compare your rewrite" in a for a in asked):
            return answer('{"errors": [{"type": "nonsense"}]}')
        return rewritten(GOOD if len(request["messages"]) > 2 else LEFT)

    output, _ = run(script, judge, tmp_path, refine_rounds=1, estimate_by="model")
    assert output.kept["rewrite"].to_pylist() == [GOOD]


def test_a_text_that_a_model_finds_neutral_is_not_rewritten(judge, tmp_path):
    def script(request, nth):
        if '{"biased": true}' in request["messages"][-1]["content"]:
            return answer(json.dumps({"biased": "stupid" in source_text(request)}))
        return rewritten(GOOD)

    output, requests = run(
        script, judge, tmp_path, texts=(TEXT, "The council met."), check_first=True
    )
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert output.dropped["reason"].to_pylist() == ["unchanged"]
    assert output.dropped["detail"].to_pylist() == ["the model found nothing to change"]
    assert len(requests) == 3


@pytest.mark.parametrize("question", ["Compare your rewrite", '{"biased": true}'])
def test_a_question_without_an_answer_for_now_does_not_change_the_end(question, judge, tmp_path):
    """What depends on it waits, so that a resumed run ends as an undisturbed one."""
    errors = {"errors": [{"type": "fluency", "severity": "minor", "span": "", "note": "odd"}]}
    down = True

    def script(request, nth):
        asked = request["messages"][-1]["content"]
        if question in asked and down:
            return error(400, "no")
        if "Compare your rewrite" in asked:
            return answer(json.dumps(errors))
        if '{"biased": true}' in asked:
            return answer('{"biased": true}')
        return rewritten(GOOD if "odd" in asked else LEFT)

    with OpenAIServer(script) as server:
        chosen = config(server, refine_rounds=1, estimate_by="model", check_first=True)
        rows, path = rows_of(TEXT), tmp_path / "requests.sqlite"
        first = rewrite(rows, chosen, path, judge)
        assert first.facts["ask_again"] == 1
        assert first.facts["round_1_tried"] == 0
        down = False
        resumed = rewrite(rows, chosen, path, judge)
        undisturbed = rewrite(rows, chosen, tmp_path / "other.sqlite", judge)
    assert resumed.kept.equals(undisturbed.kept)
    assert resumed.kept["rewrite"].to_pylist() == [GOOD]
    assert resumed.facts["ask_again"] == 0


def test_notes_and_marks_name_the_biased_words(tmp_path):
    (row,) = rows_of(TEXT).to_pylist()
    content = Prompt(RewriteConfig(model="m")).draft(row, []).messages[-1]["content"]
    assert "The [[stupid]] mayor closed" in content
    note = json.loads(next(x for x in content.splitlines() if x.startswith('{"term"')))
    assert note["term"] == "stupid"
    assert note["why"]
    bare = RewriteConfig(model="m", lexicon_notes=False, mark_spans=False)
    plain = Prompt(bare).draft(row, []).messages[-1]["content"]
    assert "[[" not in plain
    assert '"term"' not in plain


def test_marks_that_a_model_copies_are_no_part_of_the_rewrite(judge, tmp_path):
    """A model of 1.5 billion parameters copied them into more than half of its answers."""
    said = {TEXT: TEXT.replace("stupid", "[[stupid]]"), OTHER: "The [[clerk]] has [[no]] idea."}
    output, _ = run(
        lambda request, nth: rewritten(said[source_text(request)]),
        judge,
        tmp_path,
        texts=tuple(said),
        mark_spans=True,
    )
    assert output.kept["rewrite"].to_pylist() == ["The clerk has no idea."]
    assert output.dropped["reason"].to_pylist() == ["unchanged"]


def test_a_prompt_of_ones_own_is_a_file(judge, tmp_path):
    from srllm_data.errors import ConfigError
    from srllm_data.rewrite.prompt import prompt_file

    own = tmp_path / "mine-v1.md"
    template = prompt_file("rewrite-v2").read_text(encoding="utf-8")
    own.write_text(template.replace("You edit single texts", "You mend texts"))
    output, requests = run(lambda r, nth: rewritten(GOOD), judge, tmp_path / "x", prompt=str(own))
    assert requests[0]["messages"][0]["content"].startswith("You mend texts")
    assert output.kept["rewrite_by"].to_pylist()[0].endswith(" mine-v1")
    own.write_text("# System\n\nonly this\n")
    with pytest.raises(ConfigError, match="lacks the section '# User'"):
        Prompt(RewriteConfig(model="m", prompt=str(own)))
