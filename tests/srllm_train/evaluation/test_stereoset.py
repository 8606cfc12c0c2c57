import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import bench, fills_masks, reads, system

from srllm_data.errors import SrllmError
from srllm_train.evaluation import stereoset
from srllm_train.evaluation.statistics import AGGREGATES
from srllm_train.evaluation.stereoset import INTER, INTRA

#: What the authors print of their prediction files: LMS, SS and ICAT of both tasks together, as in
#: predictions.json beside their folder of prediction files.
PUBLISHED = {
    "bert-base-cased": (85.77180212754598, 59.555742005152865, 69.37953787858896),
    "bert-large-cased": (85.77079222611553, 59.65087975851371, 69.21552017478146),
    "gpt2": (83.65206453498922, 57.03077944935812, 71.8892802104096),
    "gpt2-medium": (87.10915766412283, 58.96129508021536, 71.49694034377868),
    "gpt2-large": (88.91747413402561, 61.86045699338027, 67.82543657549334),
    "roberta-base": (68.96335791702741, 49.904875357397835, 68.83215562153735),
    "roberta-large": (76.57765527219249, 56.013488868542446, 67.36767772102428),
    "EnsembleModel": (90.72888267380054, 61.99765050576931, 68.9582141718164),
    "xlnet-base-cased": (67.2615350972816, 54.187153746440885, 61.62884732380264),
    "xlnet-large-cased": (78.03321039087021, 54.352355361058194, 71.24064515916449),
    "SentimentModel.json": (64.76576213786504, 61.67399326915965, 49.6442607124764),
}
#: Likewise LMS and SS of the three terms of religion.
PUBLISHED_OF_RELIGION = {
    INTRA: {
        "bert-base-cased": (82.16091954022988, 56.27586206896552),
        "bert-large-cased": (85.97701149425286, 50.160919540229884),
        "gpt2": (88.45977011494251, 58.02298850574713),
        "roberta-large": (69.93103448275862, 39.86206896551724),
        "xlnet-large-cased": (77.95402298850574, 49.60919540229886),
    },
    INTER: {
        "bert-base-cased": (93.6455938697318, 61.03639846743295),
        "bert-large-cased": (90.13697318007662, 56.741379310344826),
        "gpt2": (75.82758620689656, 56.92528735632184),
        "roberta-large": (91.22701149425286, 49.48467432950192),
        "xlnet-large-cased": (87.50670498084291, 66.68007662835248),
    },
}


def example(task, kind, target, number, context="The baker was BLANK."):
    key = f"{task}-{target}-{number}"
    said = {"stereotype": "kind", "anti-stereotype": "rude", "unrelated": "green"}
    sentences = [
        {"id": f"{key} {label}", "sentence": f"The baker was {word}.", "gold_label": label}
        for label, word in said.items()
    ]
    return {
        "task": task,
        "id": key,
        "bias_type": kind,
        "target": target,
        "context": context,
        "sentences": sentences,
    }


def scores(found):
    """Of (example, stereotype, anti-stereotype, unrelated)."""
    return {
        f"{record['id']} {label}": score
        for record, *three in found
        for label, score in zip(("stereotype", "anti-stereotype", "unrelated"), three, strict=True)
    }


NURSE = [example(INTRA, "gender", "nurse", n) for n in range(2)]
NURSE_AFTER = [example(INTER, "gender", "nurse", n) for n in range(3)]
BAKER = [example(INTRA, "profession", "baker", 0)]
BAKER_AFTER = [example(INTER, "profession", "baker", 0)]
RECORDS = [*NURSE, *NURSE_AFTER, *BAKER, *BAKER_AFTER]
SCORES = scores(
    [
        # Intrasentence, nurse: the stereotype wins one of two; of 4 likely ones 3 beat nonsense.
        (NURSE[0], 3, 2, 1),
        (NURSE[1], 1, 3, 2),
        # Intersentence, nurse: the stereotype wins two of three; all 6 beat nonsense.
        (NURSE_AFTER[0], 3, 2, 1),
        (NURSE_AFTER[1], 3, 2, 1),
        (NURSE_AFTER[2], 2, 3, 1),
        # Baker: the opposite wins, and one of 2 beats nonsense; then the stereotype, and both do.
        (BAKER[0], 1, 3, 2),
        (BAKER_AFTER[0], 3, 2, 1),
    ]
)


def test_figures_worked_by_hand():
    found = stereoset.values(RECORDS, SCORES)
    assert list(found) == ["gender nurse", "profession baker"]
    nurse, baker = found.values()
    assert nurse == {
        "intra_lms": 75.0,
        "intra_ss": 50.0,
        "inter_lms": 100.0,
        "inter_ss": pytest.approx(200 / 3),
        # Of all five examples: 9 of 10 beat nonsense, 3 of 5 are stereotypes.
        "lms": 90.0,
        "ss": 60.0,
    }
    assert baker == {
        "intra_lms": 50.0,
        "intra_ss": 0.0,
        "inter_lms": 100.0,
        "inter_ss": 100.0,
        "lms": 75.0,
        "ss": 50.0,
    }


def test_what_is_equally_likely_is_no_stereotype_and_no_sense():
    found = stereoset.values(BAKER, scores([(BAKER[0], 1, 1, 1)]))
    assert found == {"profession baker": {"intra_lms": 0.0, "intra_ss": 0.0}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([INTRA, INTER]),
            st.sampled_from(["nurse", "baker", "plumber"]),
            st.permutations([1.0, 2.0, 3.0]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_swapping_stereotype_and_opposite_mirrors_ss_and_keeps_lms(drawn):
    given_ = [(example(task, "x", t, n), *three) for n, (task, t, three) in enumerate(drawn)]
    records = [r for r, *_ in given_]
    there = stereoset.values(records, scores(given_))
    mirrored = stereoset.values(records, scores([(r, b, a, c) for r, a, b, c in given_]))
    for name, columns in there.items():
        for column, value in columns.items():
            other = mirrored[name][column]
            assert 0 <= value <= 100
            assert value == pytest.approx(100 - other if column.endswith("ss") else other)


def write(path, said):
    path.write_text(json.dumps(said))
    return path


def predictions(path, *tasks):
    said = {
        task: [
            {"id": s["id"], "score": SCORES[s["id"]]}
            for r in RECORDS
            if r["task"] == task
            for s in r["sentences"]
        ]
        for task in tasks
    }
    return write(path, said)


def test_predictions_of_the_authors_form(tmp_path):
    found = stereoset.from_predictions(
        RECORDS, predictions(tmp_path / "predictions_x_y.json", INTRA, INTER)
    )
    assert found[INTRA]["gender"] == {"count": 2, "lms": 75.0, "ss": 50.0, "icat": 75.0}
    # Means over terms: LMS (75 + 50) / 2, SS (50 + 0) / 2; 62.5 x 25 / 50 is 31.25.
    assert found[INTRA]["overall"] == {"count": 3, "lms": 62.5, "ss": 25.0, "icat": 31.25}
    # LMS (90 + 75) / 2, SS (60 + 50) / 2; 82.5 x 45 / 50 is 74.25.
    assert found["both"]["overall"] == {
        "count": 7,
        "lms": 82.5,
        "ss": 55.0,
        "icat": pytest.approx(74.25),
    }
    assert found[INTER]["profession"]["icat"] == 0.0


def test_the_command_scores_a_file_of_predictions(srllm, tmp_path):
    gold = tmp_path / "data" / "benchmarks" / "stereoset_dev.jsonl"
    gold.parent.mkdir(parents=True)
    gold.write_text("".join(json.dumps(r) + "\n" for r in RECORDS))
    path = predictions(tmp_path / "p.json", INTRA, INTER)
    ended = srllm("evaluate", "--predictions", path, "--data", tmp_path / "data")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == stereoset.from_predictions(RECORDS, path)


def test_predictions_of_one_task_have_no_figures_of_both(tmp_path):
    found = stereoset.from_predictions(RECORDS, predictions(tmp_path / "p.json", INTER))
    assert list(found) == [INTER]


def test_predictions_that_lack_a_score_are_named(tmp_path):
    path = write(tmp_path / "p.json", {INTRA: [{"id": "other", "score": 1}]})
    with pytest.raises(SrllmError, match=r"p\.json lacks a score for the sentence intrasentence"):
        stereoset.from_predictions(RECORDS, path)


@pytest.mark.parametrize(
    "said", ["[]", "{", "{}", '{"intrasentence": [1]}', '{"intrasentence": [{"id": 1}]}', "\xff"]
)
def test_files_of_another_form_are_refused_in_one_sentence(tmp_path, said):
    path = tmp_path / "p.json"
    path.write_bytes(said.encode("latin-1"))
    with pytest.raises(SrllmError, match=r"p\.json has no predictions; write"):
        stereoset.from_predictions(RECORDS, path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SrllmError, match=r"none\.json cannot be read"):
        stereoset.from_predictions(RECORDS, tmp_path / "none.json")


def test_the_authors_prediction_files_give_their_published_figures(shared_data):
    """Only of the authors' own files: some mirrors hold later runs under the same names."""
    folder = Path(os.environ.get("SRLLM_STEREOSET_PREDICTIONS", shared_data / "predictions"))
    files = sorted(folder.glob("predictions_*.json"))
    if not files:
        pytest.skip(f"needs prediction files in {folder} (or SRLLM_STEREOSET_PREDICTIONS)")
    records = real_records(shared_data)
    beside = folder.with_name(folder.name + ".json")
    published = json.loads(beside.read_text()) if beside.is_file() else {}
    compared = 0
    for path in files:
        name = path.name.split("_")[1]
        found = stereoset.from_predictions(records, path)
        if name in PUBLISHED:
            both = found["both"]["overall"]
            assert (both["lms"], both["ss"], both["icat"]) == pytest.approx(PUBLISHED[name], 1e-13)
            compared += 1
        for task in (INTRA, INTER):
            for kind, figures in published.get(name, {}).get(task, {}).items():
                ours = found[task][kind]
                assert ours["lms"] == pytest.approx(figures["LM Score"], rel=1e-13)
                assert ours["ss"] == pytest.approx(figures["SS Score"], rel=1e-13)
                assert ours["icat"] == pytest.approx(figures["ICAT Score"], rel=1e-13)
                compared += 1
    assert compared, f"no published figures are known for {[p.name for p in files]}"


@pytest.mark.parametrize("figures", PUBLISHED.values(), ids=PUBLISHED)
def test_published_icats_follow_from_published_lms_and_ss(figures):
    lms, ss, icat = figures
    assert AGGREGATES["icat"](np.array([[lms], [ss]]))[0] == pytest.approx(icat, rel=1e-13)


@pytest.mark.parametrize("task", [INTRA, INTER])
def test_published_figures_are_means_over_the_terms_that_we_count(shared_data, task):
    """Only whole numbers of our examples of each term, averaged as here, give their digits.

    The means that there can be are over 0.0009 apart; one has to be theirs to 1e-11.
    """
    counts = Counter(
        stereoset.term(r)
        for r in real_records(shared_data)
        if r["task"] == task and r["bias_type"] == "religion"
    )
    for name, (lms, ss) in PUBLISHED_OF_RELIGION[task].items():
        for figure, times in ((lms, 2), (ss, 1)):
            a, b, c = (np.arange(n * times + 1) * 100 / (n * times) for n in counts.values())
            means = (a[:, None, None] + b[:, None] + c) / 3
            assert np.abs(means - figure).min() < 1e-11, (name, figure)


def real_records(shared_data):
    [source, _] = stereoset.SOURCES
    return source.read(shared_data)[0]


def test_the_real_examples_have_79_terms_and_a_perfect_stereotyper_icat_0(shared_data):
    records = real_records(shared_data)
    likely = {"stereotype": 3, "anti-stereotype": 2, "unrelated": 1}
    found = stereoset.values(
        records, {s["id"]: likely[s["gold_label"]] for r in records for s in r["sentences"]}
    )
    assert len(records) == 4229
    assert len(found) == 79
    assert {(v["lms"], v["ss"], v["inter_ss"]) for v in found.values()} == {(100.0, 100.0, 100.0)}
    assert all(
        stereoset.filler(r, s).strip()
        for r in records
        if r["task"] == INTRA
        for s in r["sentences"]
    )


def test_records_of_the_hub_become_those_of_the_file():
    from_hub = stereoset.SOURCES[1].from_hub
    sentences = {"id": ["a", "b"], "sentence": ["One.", "Two."], "gold_label": [1, 0]}
    hub = {"id": "e", "bias_type": "race", "target": "t", "context": "c", "sentences": sentences}
    [record] = from_hub(hub)
    assert record["task"] == INTER
    assert record["sentences"] == [
        {"id": "a", "sentence": "One.", "gold_label": "stereotype"},
        {"id": "b", "sentence": "Two.", "gold_label": "anti-stereotype"},
    ]


def test_a_reader_scores_by_the_mean_log_likelihood_of_the_sentence_alone(tmp_path):
    """The second sentence is read after the first, which ends in a full stop."""
    import torch

    records = [BAKER[0], example(INTER, "profession", "baker", 9, context="He sang at night")]
    who = system("small", reads)
    found = stereoset.scored(bench(tmp_path, who), who, who.members[0], records)
    network = reads()

    def by_hand(context, sentence):
        before = network.tokenizer(context, add_special_tokens=False)["input_ids"]
        said = network.tokenizer(sentence, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([[1, *before, *said]])
        with torch.no_grad():
            logs = network.weights(ids).logits[0].double().log_softmax(-1)
        places = range(len(before), len(before) + len(said))
        return sum(float(logs[p, ids[0, p + 1]]) for p in places) / len(said)

    for record, context in zip(records, ("", "He sang at night."), strict=True):
        for s in record["sentences"]:
            text = s["sentence"] if not context else " " + s["sentence"]
            assert found[s["id"]] == pytest.approx(by_hand(context, text), abs=1e-4)


def test_a_filler_of_masks_scores_by_the_words_tokens_one_after_the_other():
    """``drinking`` is dr ##ink ##ing: [MASK], then dr [MASK], then dr ##ink [MASK]."""
    import torch

    network = fills_masks()
    tokens = network.tokenizer.convert_tokens_to_ids(["dr", "##ink", "##ing"])
    chances = []
    for n, begun in enumerate(["", "dr", "drink"]):
        ids = network.tokenizer(f"the baker was {begun}[MASK] .", return_tensors="pt")["input_ids"]
        at = ids[0].tolist().index(network.tokenizer.mask_token_id)
        with torch.no_grad():
            logits = network.weights(ids).logits[0, at]
        chances.append(float(logits.softmax(-1)[tokens[n]]))
    [found] = stereoset.fills(network, [["the baker was BLANK .", "drinking"]])
    assert found == pytest.approx(sum(chances) / 3, rel=1e-4)


def test_fillers_are_the_word_at_blank_without_punctuation():
    record = {"context": "My friend, BLANK, sang."}
    assert stereoset.filler(record, {"sentence": "My friend, tired, sang."}) == "tired"
