"""Endpoints as systems, against a loopback server that speaks their protocol."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai_server import OpenAIServer, error, rewritten

from srllm_data.config import Config
from srllm_data.config.load import without_sources
from srllm_data.errors import ConfigError
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.systems import systems

TEXTS = [
    "Those idiots at the council closed the pool.",
    "Call that moron Ellen Marsh at 020 7946 0958.",
    "It opens at nine.",
]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    return without_sources().model_copy(update={"workspace": str(tmp_path / "workspace")})


def asked_of(server: OpenAIServer, config: Config, **changes: Any) -> Config:
    changes["base_url"] = server.url
    rewrite = type(config.rewrite).model_validate(config.rewrite.model_dump() | changes)
    return config.model_copy(update={"rewrite": rewrite})


def respond(request: dict[str, Any], number: int) -> Any:
    said = str(request["messages"][-1]["content"])
    if request["model"] == "broken":
        return error(400, "no")
    if "pool" in said:
        return rewritten(f"The council closed the pool ({request['model']}).")
    if "Call" in said:
        return rewritten("Call [PERSON_1] at [PHONE_NUMBER_1].")
    return rewritten("It opens at nine.")


def test_two_models_of_one_configuration_side_by_side(config: Config) -> None:
    with OpenAIServer(respond) as server:
        changed = asked_of(server, config, model="one", others=[{"model": "two"}])
        found = systems(["configured", "configured:two", "configured:two@2"], changed)
        said = {
            s.name: s.members[0].rewrite(TEXTS)
            for s in found
            if s.kind == "system" and s.members[0].rewrite
        }
        sent = json.dumps(server.requests)
    assert said["configured"][0] == "The council closed the pool (one)."
    assert said["configured:two"][0] == "The council closed the pool (two)."
    # A text that the model left as it is comes back.
    assert said["configured"][2] == TEXTS[2]
    assert "Ellen" not in sent
    assert "7946" not in sent
    assert [s.prompting for s in found if s.name.startswith("configured")] == [
        "zero-shot",
        "zero-shot",
        "2 random examples",
    ]


def test_an_endpoint_that_fails_gives_no_answers(config: Config) -> None:
    with OpenAIServer(respond) as server:
        changed = asked_of(server, config, model="broken")
        (found,) = [s for s in systems(["configured"], changed) if s.kind == "system"]
        assert found.members[0].rewrite
        assert found.members[0].rewrite(TEXTS[:1]) == [None]


def test_a_text_without_an_answer_is_counted_and_asked_for_again(
    config: Config, tmp_path: Path
) -> None:
    def refuses_one(request: dict[str, Any], number: int) -> Any:
        if "pool" in str(request["messages"][-1]["content"]):
            return error(400, "no")
        return respond(request, number)

    rows = [Row(f"r{n}", text, (text,)) for n, text in enumerate(TEXTS)]
    cache = Cache(tmp_path / "c.sqlite")
    with OpenAIServer(refuses_one) as server:
        changed = asked_of(server, config, model="one")
        bench = Bench(systems(["configured"], changed), cache, Scorers(cache), changed)
        ((system, _),) = bench.rewrites(rows, ("system",))
        assert bench.failed == {
            system.name: "1 of 3 texts got no answer; they count as 0 and are asked for again the "
            "next time."
        }
        sent = len(server.requests)
        list(bench.rewrites(rows, ("system",)))
        assert len(server.requests) > sent


def test_a_model_that_is_not_configured_is_one_sentence(config: Config) -> None:
    with pytest.raises(ConfigError, match="'configured:three' is no endpoint"):
        systems(["configured:three"], config)
