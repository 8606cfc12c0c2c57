"""The suite of memorisation: a model that learned its texts by heart, and one that did not."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from srllm_data.config import without_sources
from srllm_data.errors import SrllmError
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, Outcome, Row, System
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import memorisation

WORDS = (
    "after all the boats came home over quiet water people sat down near open fires and told "
    "long stories about rain snow wind hills goats bread salt rope nets stars moon sand"
).split()


def sentence(n: int) -> str:
    """Eighteen words by chance: no two sentences share eight in a row."""
    return " ".join(random.Random(n).choices(WORDS, k=18))


TRAIN = [sentence(n) for n in range(6)]
HELD = [sentence(n) for n in range(20, 26)]
ROWS = [
    Row(f"row {n}", f"question number {n} asks what happened", ("so it did",)) for n in range(6)
]


def write(folder: Path, **splits: Sequence[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for split, rewrites in splits.items():
        lines = [
            json.dumps({"text": f"{split} {n} asks", "rewrite": r}) + "\n"
            for n, r in enumerate(rewrites)
        ]
        (folder / f"{split}.jsonl").write_text("".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("learned"), train=TRAIN, validation=HELD)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "</s>", *dict.fromkeys(WORDS)]
    model = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    model.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=model, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )


def network(tokenizer: Any, steps: int) -> Network:
    """A small Llama that has read the training sentences ``steps`` times."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            bos_token_id=1,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    ids = torch.tensor([tokenizer(t)["input_ids"] for t in TRAIN])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    return Network(tokenizer, model.eval())


@pytest.fixture(scope="module")
def systems(tokenizer: Any) -> list[System]:
    by_heart, fresh = network(tokenizer, 80), network(tokenizer, 0)

    def parrot(texts: Sequence[str]) -> list[str | None]:
        # Two of six are training sentences, one is its own source with three words more, one
        # holds eight words of a held-out sentence, one failed and one is empty.
        said = {
            0: TRAIN[0],
            1: TRAIN[1].upper() + "!",
            2: ROWS[2].text + " " + " ".join(TRAIN[2].split()[:3]),
            3: "then " + " ".join(HELD[0].split()[:8]),
            4: None,
            5: " ",
        }
        at = {r.text: n for n, r in enumerate(ROWS)}
        return [said[at[t]] for t in texts]

    return [
        System("people", "human", "", (Member("people"),)),
        System("parrot", "system", "", (Member("parrot", parrot),)),
        System("by heart", "system", "", (Member("by heart", None, lambda: by_heart),)),
        System("fresh", "system", "", (Member("fresh", None, lambda: fresh),)),
    ]


def bench_of(folder: Path, systems: list[System], trained_on: Path | None) -> Bench:
    cache = Cache(folder / "cache.sqlite")
    config = without_sources()
    return Bench(systems, cache, Scorers(cache), config, rows=ROWS, trained_on=trained_on)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, systems: list[System], learned: Path) -> Bench:
    return bench_of(tmp_path_factory.mktemp("bench"), systems, learned)


@pytest.fixture(scope="module")
def outcome(bench: Bench) -> Outcome:
    return memorisation.run(bench)


def value(outcome: Outcome, measure: str, name: str) -> float | None:
    by_name = {m.name: m for m in outcome.measures}
    found = Statistics(outcome).estimate(by_name[measure], name)
    return found and found.value


def test_rewrites_by_hand(outcome: Outcome) -> None:
    values = outcome.values["parrot"][0]
    assert set(values) == {r.id for r in ROWS[:4]}
    assert [values[r.id]["gram8_train"] for r in ROWS[:4]] == [1, 1, 0, 0]
    assert [values[r.id]["gram13_train"] for r in ROWS[:4]] == [1, 1, 0, 0]
    assert [values[r.id]["gram8_held"] for r in ROWS[:4]] == [0, 0, 0, 1]
    assert [values[r.id]["run_whole"] for r in ROWS[:2]] == [18, 18]
    assert values["row 2"]["run_train"] >= 3
    assert values["row 3"]["run_held"] == 8
    # Two of the four that said anything, and one of them by chance.
    assert value(outcome, "8-word runs beyond chance", "parrot") == pytest.approx(1 / 4)
    assert value(outcome, "13-word runs beyond chance", "parrot") == pytest.approx(2 / 4)
    assert value(outcome, "8-word runs of the whole training text", "parrot") == 0.5


def test_people_did_not_learn_it(outcome: Outcome) -> None:
    assert value(outcome, "8-word runs beyond chance", "people") == 0.0


def test_a_model_that_learned_by_heart_goes_on_as_its_texts_do(outcome: Outcome) -> None:
    exact, words = "Texts gone on with exactly, beyond chance", "Words gone on with, beyond chance"
    assert value(outcome, exact, "by heart") == 1.0
    assert value(outcome, words, "by heart") > 7
    assert value(outcome, exact, "fresh") == 0.0
    assert value(outcome, exact, "parrot") is None


def test_answers_without_a_word_are_left_out_and_counted(outcome: Outcome) -> None:
    counts = {line[0]: line[1:] for line in outcome.tables[0].rows}
    assert counts["parrot"] == (4, 2, 0, 0)
    assert counts["by heart"][:2] == (0, 0)
    assert sum(counts["by heart"][2:]) == 12


def test_who_cannot_take_part_is_named_with_the_reason(outcome: Outcome) -> None:
    assert set(outcome.left_out) == {"parrot, going on", "by heart, rewrites", "fresh, rewrites"}


def test_a_second_run_says_the_same(bench: Bench, outcome: Outcome) -> None:
    assert memorisation.run(bench) == outcome


def test_without_a_folder_the_option_is_named(tmp_path: Path, systems: list[System]) -> None:
    found = memorisation.run(bench_of(tmp_path, systems, None))
    assert found.values == {}
    assert "--trained-on" in found.left_out["training text"]


def test_without_held_out_text_chance_is_not_known(tmp_path: Path, systems: list[System]) -> None:
    folder = write(tmp_path / "only", train=TRAIN)
    found = memorisation.run(bench_of(tmp_path, systems[:2], folder))
    assert "held-out text" in found.left_out
    assert value(found, "8-word runs beyond chance", "parrot") is None
    assert value(found, "8-word runs of the whole training text", "parrot") == 0.5


def test_no_folder_of_pairs_is_an_error_that_names_it(
    tmp_path: Path, systems: list[System]
) -> None:
    with pytest.raises(SrllmError, match="nothing-here"):
        memorisation.run(bench_of(tmp_path, systems, tmp_path / "nothing-here"))
