"""The deduplicate stage: exact and near duplicates leave, one row of each cluster stays."""

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from srllm_data.config import DeduplicateConfig
from srllm_data.progress import advance
from srllm_data.schema import DROPPED, StageOutput, schema_after

#: Rows that are normalised, hashed and signed at a time.
BLOCK = 65_536

#: Scripts without spaces between words: each character is a word.
_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
_NOT_WORD = r"[^\p{L}\p{N}\p{M}]+"


def deduplicate(rows: pa.Table, config: DeduplicateConfig) -> StageOutput:
    """Keep one row of every cluster of texts that say the same; needs the whole table.

    Texts are compared as sets of word shingles after NFKC, case folding and removal of all but
    letters and digits. In input order, a row joins the most similar row kept so far whose exact
    Jaccard index with it is at least ``config.threshold``; else it is kept. An exact copy goes
    where its first copy went. So each dropped row is that similar to the very row that its
    ``duplicate_of`` names: clusters are stars, never chains whose ends have nothing in common,
    and no bridge text can cost a row that the kept one does not resemble. The price is that a
    row may stay whose only near duplicate was itself dropped.

    Rows are compared where they share a MinHash band, with the first ``REPRESENTATIVES`` kept
    rows of it: thousands of texts from one template cost linear time, and a warning says that
    some near duplicates among them may be left.

    kept gains ``cluster`` (the row's own id) and ``cluster_size``. dropped has disposition
    ``duplicate`` and reason ``exact_duplicate`` (the same words in the same order) or
    ``near_duplicate``. facts: ``exact``, ``near``, ``largest_cluster`` and ``warnings``
    (sentences). The result depends on the rows, their order and the config alone.
    """
    fingerprints, starts, shingles = _shingles(rows["text"], config)
    first = _first_with_same(fingerprints)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    advance(len(first) - len(distinct))

    starts, shingles = _take_sets(starts, shingles, distinct)
    leader, similarity, full_buckets = _leaders(starts, shingles, config)
    place = np.empty(len(first), np.int64)
    place[distinct] = np.arange(len(distinct))
    survivor = distinct[leader][place[first]]
    similar = np.where(leader == np.arange(len(leader)), 1.0, similarity)[place[first]]

    stays = survivor == np.arange(len(first))
    exact = ~stays & (first == survivor)
    sizes = np.bincount(survivor, minlength=len(first))
    kept = rows.filter(pa.array(stays))
    kept = kept.append_column("cluster", kept["id"])
    kept = kept.append_column("cluster_size", pa.array(sizes[stays], pa.int32()))
    dropped = _dropped(rows["id"], np.flatnonzero(~stays), survivor, exact, similar)
    largest = int(sizes.max(initial=0))
    return StageOutput(
        kept=kept.select(schema_after("deduplicate").names).cast(schema_after("deduplicate")),
        dropped=dropped,
        facts={
            "exact": int(exact.sum()),
            "near": int((~stays).sum() - exact.sum()),
            "largest_cluster": largest,
            "warnings": _warnings(len(first), dropped.num_rows, largest, full_buckets),
        },
    )


def _shingles(
    texts: pa.ChunkedArray, config: DeduplicateConfig
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]:
    """Fingerprint of each text, where its set starts (one more than rows), all sets in a row."""
    from srllm_data.deduplicate import minhash

    fingerprints, sets = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    starts, total = [np.zeros(1, np.int64)], 0
    for batch in pa.table({"text": texts}).to_batches(max_chunksize=BLOCK):
        if not len(batch):
            continue
        data, offsets = _normalised(batch.column(0))
        prints = np.empty(len(batch), np.uint64)
        ends = np.empty(len(batch), np.int64)
        found = np.empty(len(data) // 2 + 2 * len(batch), np.uint64)
        minhash.shingle(
            data, offsets, config.shingle_words, np.uint64(config.seed), prints, ends, found
        )
        fingerprints.append(prints)
        sets.append(found[: ends[-1]].copy())
        starts.append(ends + total)
        total += int(ends[-1])
    return np.concatenate(fingerprints), np.concatenate(starts), np.concatenate(sets)


def _normalised(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """UTF-8 bytes and offsets of folded texts; ASCII is left to the kernel, which folds it."""
    texts = pc.fill_null(texts.cast(pa.large_string()), "")
    beyond_ascii = pc.invert(pc.string_is_ascii(texts))
    if pc.any(beyond_ascii).as_py():
        raw = texts.filter(beyond_ascii)
        folded = pa.array([_fold(text) for text in raw.to_pylist()], pa.large_string())
        folded = pc.replace_substring_regex(folded, pattern=_NOT_WORD, replacement=" ")
        folded = pc.replace_substring_regex(folded, pattern=_UNSPACED, replacement=r" \1 ")
        wordless = pc.equal(pc.utf8_trim_whitespace(folded), "")
        texts = pc.replace_with_mask(texts, beyond_ascii, pc.if_else(wordless, raw, folded))
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data_buffer or b"", np.uint8), offsets


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _first_with_same(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each place, the first place with the same value."""
    _, firsts, inverse = np.unique(values, return_index=True, return_inverse=True)
    return firsts[inverse].astype(np.int64)


def _take_sets(
    starts: NDArray[np.int64], shingles: NDArray[np.uint64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    sizes = np.diff(starts)
    wanted = np.zeros(len(sizes), np.bool_)
    wanted[chosen] = True
    return np.concatenate([[0], np.cumsum(sizes[chosen])]), shingles[np.repeat(wanted, sizes)]


def _leaders(
    starts: NDArray[np.int64], shingles: NDArray[np.uint64], config: DeduplicateConfig
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """The row that each row joins (itself if it stays), how similar, and how many buckets were
    full.
    """
    from srllm_data.deduplicate import minhash

    count = len(starts) - 1
    keys = np.empty((config.bands, count), np.uint64)
    permutations = minhash.permutations(config.bands * config.rows_per_band, config.seed)
    for first in range(0, count, BLOCK):
        block = starts[first : first + BLOCK + 1]
        minhash.sign(shingles, block, first, *permutations, keys)
        advance(len(block) - 1)
    bucket_starts, buckets, slot_starts = _buckets(keys, minhash.REPRESENTATIVES)
    leader, similarity = np.empty(count, np.int64), np.empty(count, np.float64)
    full = minhash.lead(
        shingles,
        starts,
        bucket_starts,
        buckets,
        slot_starts,
        config.threshold,
        leader,
        similarity,
    )
    return leader, similarity, int(full)


def _buckets(
    keys: NDArray[np.uint64], room: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Buckets of two rows or more: where each row's begin, their numbers, where slots begin."""
    rows = np.arange(keys.shape[1], dtype=np.uint64)
    row_bits = np.uint64(max(1, keys.shape[1].bit_length()))
    row_mask = (np.uint64(1) << row_bits) - np.uint64(1)
    members, numbers, sizes, made = [], [], [], 0
    for band in keys:
        # A plain sort is many times faster than argsort; the key bits that the row takes are
        # missed by no pair, and whom they join by chance is told apart by verification.
        ordered = np.sort((band & ~row_mask) | rows)
        like_last = np.zeros(len(rows) + 1, np.bool_)
        like_last[1:-1] = np.diff(ordered >> row_bits) == 0
        shared = like_last[:-1] | like_last[1:]
        opens = shared & ~like_last[:-1]
        number = np.cumsum(opens[shared]) - 1
        members.append((ordered[shared] & row_mask).astype(np.int64))
        numbers.append(number + made)
        sizes.append(np.bincount(number))
        made += len(sizes[-1])
    member = np.concatenate(members)
    by_row = np.argsort(member, kind="stable")
    counts = np.bincount(member, minlength=keys.shape[1])
    slots = np.minimum(np.concatenate(sizes), room)
    return (
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate(numbers)[by_row],
        np.concatenate([[0], np.cumsum(slots)]),
    )


def _dropped(
    ids: pa.ChunkedArray,
    out: NDArray[np.int64],
    survivor: NDArray[np.int64],
    exact: NDArray[np.bool_],
    similar: NDArray[np.float64],
) -> pa.Table:
    details: list[Any] = [
        "the same words as the row kept"
        if exact[i]
        else f"shares {similar[i]:.0%} of its word shingles with the row kept"
        for i in out
    ]
    columns = {
        "id": ids.take(pa.array(out)),
        "disposition": pa.array(["duplicate"] * len(out), pa.string()),
        "reason": pa.array(np.where(exact[out], "exact_duplicate", "near_duplicate"), pa.string()),
        "detail": pa.array(details, pa.string()),
        "duplicate_of": ids.take(pa.array(survivor[out])),
        "similarity": pa.array(similar[out], pa.float64()),
    }
    return pa.table(columns, schema=DROPPED)


def _warnings(rows: int, dropped: int, largest: int, full_buckets: int) -> list[str]:
    found = []
    if dropped > rows / 2:
        found.append(
            f"deduplicate removed {dropped:,} of {rows:,} rows; check that no source is read twice."
        )
    if rows >= 1000 and largest > rows / 20:
        found.append(
            f"one cluster holds {largest:,} of {rows:,} rows; check its source for a template."
        )
    if full_buckets:
        found.append(
            f"{full_buckets:,} groups of texts are too alike to compare every pair, so some near "
            "duplicates among them may be left; check the sources for a template."
        )
    return found
