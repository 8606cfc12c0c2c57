import shutil
from pathlib import Path

import pytest

from srllm_data.config import Config
from srllm_data.config.load import without_sources
from srllm_data.errors import ConfigError
from srllm_train.evaluation.contract import System
from srllm_train.evaluation.systems import systems


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return without_sources().model_copy(update={"workspace": str(tmp_path / "workspace")})


def named(specs: list[str], config: Config) -> list[System]:
    return [s for s in systems(specs, config) if s.kind == "system"]


def test_people_and_trivial_systems_always_join(config: Config) -> None:
    found = systems(["editor"], config)
    assert found[0].kind == "human"
    assert [s.name for s in found if s.kind == "trivial"] == [
        "empty",
        "copy",
        "delete the lexicon",
        "[REDACTED]",
        "refusal",
        "polite sentence",
    ]


def test_trivial_systems_do_nothing(config: Config) -> None:
    text = "Those idiots closed the pool."
    said = {
        s.name: s.members[0].rewrite([text])
        for s in systems([], config)
        if s.kind == "trivial" and s.members[0].rewrite
    }
    assert said["empty"] == [""]
    assert said["copy"] == [text]
    assert said["delete the lexicon"] == ["Those closed the pool."]


def test_an_adapter_and_its_seeds(config: Config, finished: Path, tmp_path: Path) -> None:
    (adapter,) = named([f"mine={finished}"], config)
    assert (adapter.name, adapter.prompting, adapter.tuning) == ("mine", "as trained", "lora")
    assert adapter.size
    member = adapter.members[0]
    assert member.rewrite
    assert len(member.rewrite(["Those idiots closed the pool.", "It opens at nine."])) == 2
    assert member.network
    assert member.network().log_likelihoods([("", "It opens at nine.")])[0][1] > 0
    with pytest.raises(ConfigError, match="names one adapter twice"):
        systems([f"{finished},{finished}"], config)
    with pytest.raises(ConfigError, match="are not seeds of one system"):
        systems([f"{finished},editor"], config)


def test_a_prompted_model_in_three_ways(config: Config, llama: Path) -> None:
    specs = [f"a={llama}", f"b={llama}@3", f"c={llama}@3-nearest"]
    found = named(specs, config)
    assert [s.prompting for s in found] == ["zero-shot", "3 fixed examples", "3 nearest examples"]
    assert len({s.members[0].digest for s in found}) == 3
    assert all(s.tuning == "none" and s.size for s in found)
    for system in found:
        rewrite = system.members[0].rewrite
        assert rewrite
        assert len(rewrite(["Those idiots closed the pool."])) == 1


def test_a_folder_moved_is_the_same_system(config: Config, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "copy")
    (one,) = named([str(finished)], config)
    (other,) = named([f"x={tmp_path / 'copy'}"], config)
    assert one.members[0].digest == other.members[0].digest


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        (["nowhere/at/all"], "'nowhere/at/all' is no system"),
        (["editor", "editor"], "Two systems are called 'editor'"),
        (["reference=editor"], "Two systems are called 'reference'"),
        (["configured"], "is no endpoint of rewrite.model"),
        (["current"], "No adapter of .* was promoted"),
    ],
)
def test_a_name_that_is_no_system(
    config: Config, specs: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match=said):
        systems(specs, config)


def test_a_masked_model_cannot_rewrite(config: Config, tmp_path: Path, llama: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    folder = tmp_path / "bert"
    BertForMaskedLM(
        BertConfig(vocab_size=99, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                   intermediate_size=16)
    ).save_pretrained(folder)  # fmt: skip
    AutoTokenizer.from_pretrained(llama).save_pretrained(folder)
    (found,) = named([str(folder)], config)
    assert not found.members[0].causal
    assert found.members[0].rewrite is None
