"""The adapter behind transformers' own server is a provider for ``rewrite``."""

import json
import sqlite3

import pytest
from model_server import TRANSFORMERS, serving
from typer.testing import CliRunner

from srllm_data import cli

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TEXTS = [
    f"The stupid {who} of {where} closed the {what} on Monday."
    for who, where, what in (
        ("mayor", "Ashford", "bridge"),
        ("clerk", "Birchley", "library"),
        ("baker", "Cedarton", "market"),
        ("nurse", "Elmwood", "ward"),
    )
]


def srllm(*arguments, code=(0,)):
    done = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    assert done.exit_code in code, done.output
    return done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Two steps of training, merged."""
    folder = tmp_path_factory.mktemp("loop")
    pairs = [json.dumps({"text": t, "rewrite": t.replace("stupid ", "")}) for t in TEXTS]
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text("\n".join(pairs))
    adapter, out = folder / "adapter", folder / "rewriter"
    srllm("train", "sft", folder, "--out", adapter, "--recipe", "smoke", "--set", "track=none")
    srllm("train", "merge", adapter, "--out", out)
    return out


def rewritten(model, folder, texts, most, code):
    """What ``srllm rewrite`` says of each text, with ``model`` behind a server."""
    (folder / "texts.txt").write_text("\n".join(texts))
    source = {"name": "none", "path": "texts.txt", "licence": "CC0-1.0"}
    settings = {"model": model.name, "prompt": str(model / "prompt.md"), "max_tokens": most}
    with serving([TRANSFORMERS, "serve", model.name], cwd=model.parent) as url:
        sections = {"gather": {"sources": [source]}, "rewrite": {**settings, "base_url": url}}
        (folder / "srllm.yaml").write_text(json.dumps(sections))
        arguments = ["--file", folder / "texts.txt", "-c", folder / "srllm.yaml", "--json"]
        told = srllm("rewrite", *arguments, code=code)
    return [json.loads(line) for line in told.splitlines()]


def test_rewrite_asks_the_served_adapter_in_the_words_of_its_training(model, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from srllm_data.local_models.chat import answers, prompt_ids
    from srllm_train.examples import prompt_of
    from srllm_train.recipe import load_recipe

    results = rewritten(model, tmp_path, TEXTS, 40, (0, 1))
    assert {r["outcome"] for r in results} <= {"ok", "unchanged"}
    with sqlite3.connect(tmp_path / "workspace" / "requests.sqlite") as ledger:
        kept = ledger.execute(
            "SELECT json_extract(request, '$.messages[1].content'), answer, outcome, finish_reason,"
            " prompt_tokens FROM requests"
        ).fetchall()
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model)
    prompts = [prompt_ids(tokenizer, prompt_of(t, (), load_recipe("smoke"))) for t in TEXTS]
    # One at a time, as the server does: rows that are padded to one length may end otherwise.
    own = [answers(network, tokenizer, [p], [40])[0] for p in prompts]
    assert {text: told for text, *told in kept} == {
        text: [said, "ok", "stop", len(prompt)]
        for text, said, prompt in zip(TEXTS, own, prompts, strict=True)
    }


def test_the_server_stops_where_it_is_told(model, tmp_path):
    (result,) = rewritten(model, tmp_path, TEXTS[:1], 3, (1,))
    assert result["outcome"] == "truncated"
