"""Templates whose answers are text, for models that were trained to answer a bare text so."""

import pytest
from openai_server import OpenAIServer, answer
from rewrite_rows import accounted, table

from srllm_data.config import RewriteConfig
from srllm_data.errors import ConfigError
from srllm_data.ledger import Ledger, key_of
from srllm_data.provider.provider import Provider
from srllm_data.rewrite import batch, rewrite, wanted
from srllm_data.rewrite.prompt import Prompt

TEXT = 'The stupid mayor said "{{words}}" and {"text": 1}.'
GOOD = 'The mayor said "{{words}}" and {"text": 1}.'
PLAIN = "# System\n\nMend it.\n\n# User\n\nThis: {{plain}}\n\n# Answer\n\ntext by me\n"
MARKED = PLAIN + "\n# Marked\n\nBiased words: {{words}}\n"


@pytest.fixture
def prompt(tmp_path):
    path = tmp_path / "mine.md"
    path.write_text(PLAIN)
    return path


def config(prompt, url="http://127.0.0.1:1/v1", **changes):
    return RewriteConfig(model="m", base_url=url, prompt=str(prompt), **changes)


def asked(row, settings):
    return Prompt(settings).draft(row, []).messages


def test_the_text_goes_bare_and_the_whole_answer_is_the_rewrite(prompt, tmp_path):
    with OpenAIServer(lambda request, nth: answer(f" {GOOD}\n")) as server:
        rows = table([TEXT])
        output = rewrite(rows, config(prompt, server.url), tmp_path / "requests.sqlite")
        (request,) = server.requests
    assert output.kept["rewrite"].to_pylist() == [GOOD]
    assert "response_format" not in request
    assert request["messages"] == [
        {"role": "system", "content": "Mend it."},
        {"role": "user", "content": f"This: {TEXT}"},
    ]


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("...", "malformed"),
        ("", "malformed"),
        (TEXT, "unchanged"),
        ("I'm sorry, but I can't help with that.", "refused"),
    ],
)
def test_an_answer_that_is_no_rewrite_is_asked_for_once(said, end, prompt, tmp_path):
    with OpenAIServer(lambda request, nth: answer(said)) as server:
        output = rewrite(table([TEXT]), config(prompt, server.url), tmp_path / "requests.sqlite")
        assert len(server.requests) == 1
    assert accounted(table([TEXT]), output) == {"r0": end}


def test_batches_give_what_single_requests_give(prompt, tmp_path):
    rows, path = table([TEXT, TEXT + "!", TEXT + "?"]), tmp_path / "requests.sqlite"
    with OpenAIServer(lambda request, nth: answer(GOOD)) as server:
        settings = config(prompt, server.url, batch=True, batch_poll_s=0.01)
        ids, alone = batch.submit(wanted(rows, settings, path), settings, path)
        batch.wait(ids, settings, path)
        assert alone + batch.collect(ids, settings, path) == 3
        output = rewrite(rows, settings, path)
    assert output.kept["rewrite"].to_pylist() == [GOOD] * 3


def test_biased_words_are_shown_where_the_template_and_the_settings_say_so(prompt):
    words = ["{{plain}}", "stupid", "stupid"]
    spans = [{"text": w, "start": 0, "end": 1, "use": "used"} for w in words]
    row = {"text": TEXT, "biased_spans": [*spans, {"text": "mayor", "use": "quoted"}]}
    assert asked(row, config(prompt))[1]["content"] == f"This: {TEXT}"
    prompt.write_text(MARKED)
    shown = f"This: {TEXT}\n\nBiased words: {{{{plain}}}}; stupid"
    assert asked(row, config(prompt))[1]["content"] == shown
    assert asked(row, config(prompt, mark_spans=False))[1]["content"] == f"This: {TEXT}"
    assert asked(row | {"biased_spans": []}, config(prompt))[1]["content"] == f"This: {TEXT}"


def test_who_answers_is_part_of_what_the_ledger_knows_a_request_by(prompt, tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(lambda request, nth: answer(GOOD)) as server:
        for _ in range(2):
            rewrite(table([TEXT]), config(prompt, server.url), path)
        assert len(server.requests) == 1
        prompt.write_text(PLAIN.replace("by me", "by another"))
        rewrite(table([TEXT]), config(prompt, server.url), path)
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"check_first": True},
        {"examples": 2},
        {"refine_rounds": 1},
        {"estimate_by": "model"},
    ],
)
def test_what_needs_json_is_refused(change, prompt):
    (name,) = change
    with pytest.raises(ConfigError, match=rf"rewrite\.{name}.* needs answers in JSON"):
        Prompt(config(prompt, **change))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (PLAIN.replace("text by me", "prose"), "says 'prose'; write 'text' there"),
        (PLAIN.replace("{{plain}}", "{{text}}"), "has no place for the text"),
        (PLAIN.replace("# System\n\nMend it.\n\n", ""), "lacks the section '# System'"),
    ],
)
def test_a_template_of_text_that_cannot_be_used_is_refused(changed, said, prompt):
    prompt.write_text(changed)
    with pytest.raises(ConfigError, match=said):
        Prompt(config(prompt))


def test_requests_for_json_keep_their_keys_in_the_ledger(tmp_path):
    """Else every answer that was paid for would be paid for again."""
    settings = RewriteConfig(model="m", base_url="http://127.0.0.1:1/v1")
    row = {"text": "The stupid mayor left.", "biased_spans": []}
    prompt = Prompt(settings)
    with Ledger(tmp_path / "requests.sqlite") as ledger:
        provider = Provider(settings, ledger)
        keys = [
            key_of(provider.request(ask.messages, ask.shape))
            for ask in (prompt.draft(row, []), prompt.check(row))
        ]
    assert keys == [
        "6826492d0a4e7a0b74ee6b0e7c2434c48193e25f378891531d782985edf21c3a",
        "4224dee0101e8ddb5d0b31c334c2a8fd9e81616e75583f4f966fe48d88b5bbd3",
    ]
