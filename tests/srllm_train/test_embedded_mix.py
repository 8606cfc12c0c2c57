"""What the embedded rewriter learns from, on small sets in the formats of the real ones."""

import json

import pytest

from srllm_data.errors import ConfigError
from srllm_train import embedded
from srllm_train.pairs import read

PARADETOX = [
    {
        "id": f"paradetox-{n}",
        "toxic": f"you stupid fool , the bus number {n} does n't stop at the old mill .",
        "neutrals": [
            f"The bus number {n} doesn't stop at the old mill.",
            f"You are wrong, the bus number {n} doesn't stop at the old mill.",
        ],
    }
    for n in range(40)
]
WIKI = [
    {
        "id": f"wnc-{n}",
        "biased": f"the legendary band released album number {n} in the spring of 1994 .",
        "neutral": f"the well-known band released album number {n} in the spring of 1994 .",
    }
    for n in range(20)
]


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")

    def write(path, rows):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("".join(json.dumps(r) + "\n" for r in rows))

    write("pairs/paradetox.jsonl", PARADETOX)
    write("pairs/wiki_neutrality.jsonl", WIKI)
    for path in ("mediabias/babe", "labelled/davidson", "labelled/hatexplain"):
        write(f"{path}.jsonl", [])
    write("labelled/jigsaw_sample.jsonl", [])
    write(
        "labelled/paradetox_cannot_rewrite.jsonl",
        [
            {"id": "cr-1", "text": "see the old album of that name .", "reasons": ["not_toxic"]},
            {"id": "cr-2", "text": "what a hopeless idiot .", "reasons": ["toxic_content"]},
        ],
    )
    own = folder / "own"
    write(
        "own/pairs/few.jsonl",
        [
            {"text": f"That moron lost {n} keys.", "rewrite": f"That man lost {n} keys."}
            for n in range(200)
        ]
        + [{"text": f"{n} eggs, please.", "rewrite": f"{n} eggs, please."} for n in range(20)],
    )
    (own / "labelled").mkdir()
    return folder, own


@pytest.fixture(scope="module")
def split(sets):
    return embedded.mix(*sets)


def test_rows_that_labellers_hold_back_are_in_no_split(sets, split):
    data, own = sets
    held = embedded.held_back(data, own / "labelled")
    assert held
    for pairs in split.values():
        assert not held & {p.id for p in pairs}
    assert not {p.text for p in split["train"]} & {p.text for p in split["validation"]}


def test_own_pairs_that_change_something_are_learned_twice_and_controls_once(split):
    own = [p for p in split["train"] if p.id.startswith("few")]
    for pair in own:
        same = [p for p in own if p.text == pair.text]
        assert len(same) == (1 if pair.control else 2)


def test_a_persons_rewrite_that_puts_words_in_is_preferred_and_texts_are_clean(split):
    pairs = [p for s in split.values() for p in s if p.id.startswith("paradetox")]
    assert pairs
    for pair in pairs:
        assert pair.rewrite.startswith("you are wrong, the bus")
        assert "doesn't" in pair.text
        assert "mill." in pair.text
        assert "stupid" in " ".join(pair.marked)


def test_the_same_sets_give_the_same_rows_and_files_that_training_reads(sets, split, tmp_path):
    assert embedded.mix(*sets) == split
    embedded.write(split, tmp_path / "a")
    embedded.write(split, tmp_path / "b")
    one, other = read(tmp_path / "a"), read(tmp_path / "b")
    assert one.digest == other.digest
    assert one.pairs["train"] == split["train"]
    assert "ParaDetox" in one.about


def test_a_missing_set_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"babe\.jsonl is missing"):
        embedded.mix(tmp_path)
