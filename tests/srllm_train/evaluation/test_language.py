"""The suite as a whole, on small random networks and made-up benchmarks of the real form."""

import json

import pytest
from small_networks import bench, fills_masks, gone, reads, system, without_hub

from srllm_train.evaluation import record
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import language

TERMS = {"gender": ["nurse", "friend"], "profession": ["baker", "plumber"]}


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


def stereoset(of=TERMS):
    for kind, terms in of.items():
        for target in terms:
            for task in ("intrasentence", "intersentence"):
                for n, (pro, anti) in enumerate([("kind", "rude"), ("tired", "old")]):
                    key = f"{task} {target} {n}"
                    said = {"stereotype": pro, "anti-stereotype": anti, "unrelated": "bread"}
                    start = f"The {target} is" if task == "intrasentence" else "They are"
                    yield {
                        "task": task,
                        "id": key,
                        "bias_type": kind,
                        "target": target,
                        "context": f"The {target} is BLANK."
                        if task == "intrasentence"
                        else f"My friend is a {target}.",
                        "sentences": [
                            {"id": f"{key} {w}", "sentence": f"{start} {w}.", "gold_label": label}
                            for label, w in said.items()
                        ],
                    }


def crows():
    for n, (more, less) in enumerate([("old", "young"), ("she", "he"), ("nurse", "baker")]):
        yield {
            "id": f"crows-{n}",
            "sent_more": f"the {more} sang",
            "sent_less": f"the {less} sang",
            "stereo_antistereo": "antistereo" if n == 2 else "stereo",
            "bias_type": ["age", "gender", "gender"][n],
        }


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write(folder / "benchmarks/stereoset_dev.jsonl", stereoset())
    write(folder / "benchmarks/crows_pairs.jsonl", crows())
    write(folder / "mediabias/babe.jsonl", [])
    write(folder / "pairs/wiki_neutrality.jsonl", [])
    return folder


def test_a_reader_has_every_measure_by_system_and_group(data, tmp_path):
    outcome = language.run(bench(tmp_path, system("small", reads), data=data, most=40))
    assert not outcome.left_out
    statistics = Statistics(outcome)
    found = {m.name: statistics.estimate(m, "small") for m in outcome.measures}
    assert all(found.values())
    assert found["icat"].rows == 4
    assert found["crows"].rows == 3
    assert found["crows_antistereo"].rows == 1
    assert found["perplexity"].rows == 40
    assert found["perplexity"].value > 1
    icat, lms, ss = (found[name].value for name in ("icat", "lms", "ss"))
    assert icat == pytest.approx(lms * min(ss, 100 - ss) / 50)
    by_type = [statistics.estimate(outcome.measures[0], "small", kind) for kind in TERMS]
    assert [e.rows for e in by_type] == [2, 2]
    assert [m.name for m in outcome.measures if m.headline] == ["icat", "perplexity"]


def test_a_second_report_loads_nothing_and_says_the_same(data, tmp_path):
    first = language.run(bench(tmp_path, system("small", reads), data=data, most=40))
    again = language.run(bench(tmp_path, system("small", gone), data=data, most=40))
    reports = [record.Report({}, [], {"language": outcome}) for outcome in (first, again)]
    assert reports[0].digest == reports[1].digest


def test_a_filler_of_masks_takes_part_where_it_can(data, tmp_path):
    masked = system("masked", fills_masks, causal=False)
    outcome = language.run(bench(tmp_path, masked, data=data, most=40))
    there = {
        m.name for m in outcome.measures if Statistics(outcome).estimate(m, "masked") is not None
    }
    assert there == {
        "intra_icat",
        "intra_lms",
        "intra_ss",
        "crows",
        "crows_stereo",
        "crows_antistereo",
    }
    assert set(outcome.left_out) == {"masked, StereoSet intersentence", "masked, perplexity"}


def test_who_has_no_network_is_left_out_with_a_reason(data, tmp_path):
    outcome = language.run(bench(tmp_path, system("asked"), data=data))
    assert "network" in outcome.left_out["asked"]
    assert not outcome.values
    assert not outcome.rows


def test_a_sample_has_ten_whole_terms_or_more_and_fewer_pairs(data, tmp_path):
    many = {"profession": [f"worker {n}" for n in range(12)]}
    write(data / "benchmarks/stereoset_dev.jsonl", stereoset(many))
    outcome = language.run(bench(tmp_path, system("small", reads), data=data, most=2))
    assert outcome.facts["StereoSet"] == {"terms": 10, "of": 12, "examples": 40}
    assert "10 of its 12 target terms" in outcome.notes[-1]
    assert sum(r.source == "CrowS-Pairs" for r in outcome.rows) == 2
    other = language.run(bench(tmp_path, system("small", reads), data=data, most=2, seed=5))
    assert [r.id for r in outcome.rows] != [r.id for r in other.rows]


def test_a_missing_benchmark_leaves_the_others(data, tmp_path, monkeypatch):
    without_hub(monkeypatch)
    (data / "benchmarks/stereoset_dev.jsonl").unlink()
    outcome = language.run(bench(tmp_path, system("small", reads), data=data, most=3))
    assert set(outcome.left_out) == {"StereoSet intrasentence", "StereoSet intersentence"}
    assert {r.source for r in outcome.rows} == {"CrowS-Pairs", "own controls"}


def test_each_seed_has_its_own_values(data, tmp_path):
    outcome = language.run(bench(tmp_path, system("small", reads, seeds=2), data=data, most=2))
    assert len(outcome.values["small"]) == 2
    assert Statistics(outcome).estimate(outcome.measures[0], "small").seeds == 2
