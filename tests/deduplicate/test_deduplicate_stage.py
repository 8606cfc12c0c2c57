import random
import subprocess
import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import DeduplicateConfig
from srllm_data.deduplicate import deduplicate
from srllm_data.progress import _listening
from srllm_data.schema import DROPPED, StageOutput, schema_after

BASE = (
    "the council voted on tuesday to close the library at noon and to sell the building to the "
    "school that stands beside it before the year ends"
)


def table(texts: list[str | None]) -> pa.Table:
    schema = schema_after("clean")
    known = {"id": pa.array([f"r{i}" for i in range(len(texts))]), "text": pa.array(texts)}
    columns = [known.get(f.name, pa.nulls(len(texts), f.type)) for f in schema]
    return pa.table([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def run(texts: list[str | None], **config: object) -> StageOutput:
    return deduplicate(table(texts), DeduplicateConfig(**config))


def dropped_by_id(output: StageOutput) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in output.dropped.to_pylist()}


def replaced(text: str, *places: int) -> str:
    words = text.split()
    for place in places:
        words[place] = f"other{abs(place)}"
    return " ".join(words)


def shingles(text: str, width: int = 3) -> set[tuple[str, ...]]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if c.isalnum() else " " for c in folded).split() or [text]
    width = min(width, len(words))
    return {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}


def jaccard(a: str, b: str, width: int = 3) -> float:
    one, other = shingles(a, width), shingles(b, width)
    return len(one & other) / len(one | other)


def test_the_first_of_the_same_words_stays() -> None:
    output = run(["Not at all, sir!", "Something else here.", "NOT AT ALL -- SIR", "not at all"])
    assert output.kept["id"].to_pylist() == ["r0", "r1", "r3"]
    assert output.kept["cluster"].to_pylist() == ["r0", "r1", "r3"]
    assert output.kept["cluster_size"].to_pylist() == [2, 1, 1]
    (row,) = output.dropped.to_pylist()
    assert (row["id"], row["duplicate_of"], row["similarity"]) == ("r2", "r0", 1.0)
    assert (row["disposition"], row["reason"]) == ("duplicate", "exact_duplicate")
    assert output.facts == {"exact": 1, "near": 0, "largest_cluster": 2, "warnings": []}


def test_a_near_duplicate_records_its_exact_similarity() -> None:
    near, far = replaced(BASE, -1), replaced(BASE, 5, 12)
    output = run([BASE, near, far])
    assert output.kept["id"].to_pylist() == ["r0", "r2"]
    (row,) = output.dropped.to_pylist()
    assert row["reason"] == "near_duplicate"
    assert row["similarity"] == jaccard(BASE, near) >= 0.8 > jaccard(BASE, far)
    assert output.facts["near"] == 1


def test_a_chain_costs_no_row_that_the_kept_one_does_not_resemble() -> None:
    middle, end = replaced(BASE, 0), replaced(BASE, 0, -1, -2)
    assert jaccard(BASE, middle) >= 0.8
    assert jaccard(middle, end) >= 0.8
    assert jaccard(BASE, end) < 0.8
    assert run([BASE, middle, end]).kept["id"].to_pylist() == ["r0", "r2"]
    bridged = run([BASE, end, middle])
    assert bridged.kept["id"].to_pylist() == ["r0", "r1"]
    assert dropped_by_id(bridged)["r2"]["duplicate_of"] == "r0"


def test_a_copy_of_a_dropped_row_points_at_the_row_that_stays() -> None:
    near = replaced(BASE, -1)
    rows = dropped_by_id(run([BASE, near, near.upper()]))
    assert rows["r2"]["duplicate_of"] == "r0"
    assert rows["r2"]["reason"] == "near_duplicate"
    assert rows["r2"]["similarity"] == rows["r1"]["similarity"] < 1


def test_same_shingles_in_another_order_are_near_not_exact() -> None:
    output = run(["a b a b a", "a b a b a b a"])
    (row,) = output.dropped.to_pylist()
    assert (row["reason"], row["similarity"]) == ("near_duplicate", 1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße für alle offen", "STRASSE FÜR ALLE OFFEN"),
        ("cafe\u0301 at noon", "café at noon"),
        ("ｆｕｌｌ width letters", "full width letters"),
        ("don’t stop me now", "don't stop me now"),
        ("snake_case words here", "snake case, words here"),
        ("今日は天気がいい", "今日は、天気がいい。"),
        ("हिन्दी में लिखा", "हिन्दी में, लिखा!"),
    ],
)
def test_folding(one: str, other: str) -> None:
    assert run([one, other]).kept.num_rows == 1


def test_a_changed_sentence_in_a_script_without_spaces_is_a_near_duplicate() -> None:
    one = "図書館は火曜日の正午に閉館し建物は隣の学校に売却されると議会が決めた"
    (row,) = run([one, one[:-1]]).dropped.to_pylist()
    assert row["reason"] == "near_duplicate"


def test_texts_without_words_are_duplicates_only_if_they_are_equal() -> None:
    output = run(["!!!", "???", "!!!", "😀😀", "🎉", "😀😀", "", None, ""])
    assert output.kept["id"].to_pylist() == ["r0", "r1", "r3", "r4", "r6"]


def test_texts_shorter_than_a_shingle_are_not_lumped_together() -> None:
    assert run(["no", "no way", "way", "No!"]).kept["id"].to_pylist() == ["r0", "r1", "r2"]


def test_an_empty_table() -> None:
    output = run([])
    assert output.kept.schema == schema_after("deduplicate")
    assert output.dropped.schema == DROPPED
    assert output.facts == {"exact": 0, "near": 0, "largest_cluster": 0, "warnings": []}


def test_chunks_slices_and_64_bit_strings_do_not_matter() -> None:
    texts = [BASE, "naïve café", replaced(BASE, -1), "NAÏVE café", "one more text", BASE]
    whole = run(texts)
    chunked = pa.concat_tables([table(["x", *texts]).slice(1, 2), table(["x", *texts]).slice(3)])
    assert chunked["text"].num_chunks == 2
    large = chunked.set_column(1, "text", chunked["text"].cast(pa.large_string()))
    for rows in (chunked, large):
        output = deduplicate(rows, DeduplicateConfig())
        assert output.kept["text"].to_pylist() == whole.kept["text"].to_pylist()
        assert output.dropped["similarity"].to_pylist() == whole.dropped["similarity"].to_pylist()


def test_warnings_name_a_high_removal_rate_and_a_giant_cluster() -> None:
    texts = [f"row{i} report{i} number{i} of{i * 7}" for i in range(940)] + [BASE] * 60
    assert len(run(texts).facts["warnings"]) == 1
    assert "one cluster holds 60 of 1,000 rows" in run(texts).facts["warnings"][0]
    assert run(texts[:900] + texts[940:]).facts["warnings"] == []
    (warning,) = run([*[BASE] * 4, "a b c"]).facts["warnings"]
    assert "removed 3 of 5 rows" in warning
    assert run([BASE, BASE, "a b c", "d e f"]).facts["warnings"] == []


def test_progress_reports_every_row_once() -> None:
    seen: list[int] = []
    with _listening(seen.append):
        run([BASE, BASE, replaced(BASE, -1), "a b c"])
    assert sum(seen) == 4


def near_texts(seed: int, count: int, vocabulary: int = 400) -> list[str]:
    """Texts of which most are edits of earlier ones, at all similarities."""
    draw = random.Random(seed)
    texts: list[str] = []
    for _ in range(count):
        if texts and draw.random() < 0.7:
            words = draw.choice(texts).split()
            for _ in range(draw.randint(0, 5)):
                words[draw.randrange(len(words))] = f"w{draw.randrange(vocabulary)}"
        else:
            words = [f"w{draw.randrange(vocabulary)}" for _ in range(draw.randint(1, 60))]
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_a_brute_force_search(seed: int) -> None:
    texts = near_texts(seed, 300)
    output = run(texts)
    dropped = dropped_by_id(output)
    leaders: list[int] = []
    for i, text in enumerate(texts):
        if text in texts[:i]:
            first = f"r{texts.index(text)}"
            stays = dropped[first]["duplicate_of"] if first in dropped else first
            assert dropped[f"r{i}"]["duplicate_of"] == stays
            continue
        close = [(jaccard(text, texts[j]), -j) for j in leaders]
        similarity, place = max(close, default=(0.0, 0))
        if similarity >= 0.8:
            assert dropped[f"r{i}"]["duplicate_of"] == f"r{-place}"
            assert dropped[f"r{i}"]["similarity"] == similarity
        else:
            assert f"r{i}" not in dropped
            leaders.append(i)


words = st.sampled_from(["we", "They", "saw", "a", "café", "of", "Straße", "no", "42", "!", "日本"])
texts = st.lists(st.lists(words, max_size=14).map(" ".join), max_size=30)


@settings(deadline=None, max_examples=60)
@given(texts, st.sampled_from([0.3, 0.5, 0.8, 1.0]), st.integers(1, 4), st.integers(0, 3))
def test_invariants(texts: list[str], threshold: float, width: int, seed: int) -> None:
    config = DeduplicateConfig(
        threshold=threshold, shingle_words=width, bands=40, rows_per_band=1, seed=seed
    )
    rows = table(texts)
    output = deduplicate(rows, config)
    kept, dropped = output.kept["id"].to_pylist(), output.dropped["id"].to_pylist()

    order = {row: place for place, row in enumerate(rows["id"].to_pylist())}
    assert sorted(kept + dropped, key=order.__getitem__) == list(order)
    assert kept == sorted(kept, key=order.__getitem__)
    assert dropped == sorted(dropped, key=order.__getitem__)
    assert output.kept.schema == schema_after("deduplicate")
    assert output.dropped.schema == DROPPED
    assert sum(output.kept["cluster_size"].to_pylist()) == len(texts)
    assert output.kept["cluster"].to_pylist() == kept

    for row in output.dropped.to_pylist():
        assert row["duplicate_of"] in kept
        assert order[row["duplicate_of"]] < order[row["id"]]
        assert row["similarity"] >= threshold

    again = deduplicate(output.kept.select(rows.schema.names), config)
    assert again.dropped.num_rows == 0
    assert deduplicate(rows, config).kept.equals(output.kept)


def test_a_bucket_of_thousands_of_like_texts_is_bounded_and_says_so() -> None:
    draw = random.Random(1)
    template = " ".join(f"t{i}" for i in range(40))
    texts = [
        template + " " + " ".join(f"own{draw.randrange(10**6)}" for _ in range(5))
        for _ in range(4000)
    ]
    output = run([*texts, *texts[:50]])
    assert output.facts["exact"] + output.facts["near"] >= 50
    assert any("too alike to compare every pair" in w for w in output.facts["warnings"])


def test_importing_the_stage_does_not_import_numba() -> None:
    code = "import sys, srllm_data.deduplicate; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_real_tweets_lose_only_what_is_alike(shared_data: object) -> None:
    import json
    from pathlib import Path

    lines = (Path(str(shared_data)) / "labelled" / "davidson.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    output = run(texts)
    assert 0 < output.dropped.num_rows < len(texts) / 50
    for row in output.dropped.to_pylist():
        a, b = int(row["id"][1:]), int(row["duplicate_of"][1:])
        assert jaccard(texts[a], texts[b]) == pytest.approx(row["similarity"])
