from pathlib import Path

import pytest

from srllm_data.config import load_config
from srllm_data.errors import ConfigError

SOURCE = "gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "srllm.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SOURCE + "workspace: w\nrewrite: {pairs: [p.jsonl]}\n"))
    assert config.workspace == str(tmp_path / "w")
    assert config.gather.sources[0].path == str(tmp_path / "a.csv")
    assert config.rewrite.pairs == [str(tmp_path / "p.jsonl")]


def test_urls_stay_urls(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SOURCE.replace("a.csv", "s3://bucket/a.csv")))
    assert config.gather.sources[0].path == "s3://bucket/a.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SOURCE + "clean: {min_wrds: 3}\n", "did you mean 'min_words'"),
        (SOURCE + "redakt: {}\n", "did you mean 'redact'"),
        (SOURCE.replace("licence", "license"), "did you mean 'licence'"),
        (SOURCE + "clean: {max_chars: many}\n", "'clean.max_chars' is wrong"),
        (SOURCE + "clean: {max_chars: '10'}\n", "got '10', a str"),
        (SOURCE.replace("path: a.csv, ", ""), "exactly one of path, dataset, feed or callable"),
        (SOURCE.replace("]}", ", {name: a, path: b.csv, licence: x}]}"), "two sources are named"),
        (SOURCE + "redact: {entities: [PERSON, NRP]}\n", "must not name NRP"),
        (SOURCE + "release: {train: 0.9, validation: 0.1}\n", "leave room for a test split"),
        (SOURCE + "rewrite: {api_key: x}\n", "secrets are read from the environment"),
        (
            SOURCE + "label: {raters: [{name: a, kind: moderation, api_key: x}]}\n",
            "(see label.raters[0].api_key_env)",
        ),
        (
            SOURCE + "label: {raters: [{name: a, kind: moderation, wait: 2}]}\n",
            "unknown setting 'label.raters[0].wait'",
        ),
        (SOURCE + "label: {raters: [{name: a, kind: chat}]}\n", "'a' is a chat model; give it"),
        ("gather: [\n", "not valid YAML at line"),
        ("", "holds no settings"),
        ("workspace: w\n", "'gather' is missing"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="srllm init"):
        load_config(tmp_path / "none.yaml")


def test_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, SOURCE + "clean: {min_words: 3}\n")
    monkeypatch.setenv("SRLLM_CLEAN__MIN_WORDS", "7")
    monkeypatch.setenv("SRLLM_REWRITE__MODEL", "some-model")
    config = load_config(path)
    assert config.clean.min_words == 7
    assert config.rewrite.model == "some-model"


def test_a_misspelt_override_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRLLM_CLAEN__MIN_WORDS", "7")
    with pytest.raises(ConfigError, match="did you mean 'clean'"):
        load_config(write(tmp_path, SOURCE))


def test_sources_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, SOURCE.replace("]}", ", {name: b, path: b.csv, licence: x}]}"))
    assert [s.name for s in load_config(path, sources=["b"]).gather.sources] == ["b"]
    with pytest.raises(ConfigError, match="no source 'c'"):
        load_config(path, sources=["c"])
