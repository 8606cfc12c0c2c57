"""Time and score the deduplicate stage beside datasketch on texts with planted near duplicates.

    python benchmarks/deduplicate.py [--rows 100000] [--seed 1]

Both run in one process on one core, on the same texts, with the same bands, rows a band and
shingles, so the ratio holds on a busy machine; datasketch is used as its documentation shows
(MinHash.generator, MinHashLSH insert and query), first without and then with a check of each
candidate by exact Jaccard index. Truth is the exact Jaccard index of every planted copy with its
original.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.config import DeduplicateConfig
from srllm_data.deduplicate import deduplicate
from srllm_data.schema import schema_after

RESULTS = Path(__file__).parent / "results" / "deduplicate.json"
SYLLABLES = [consonant + vowel for consonant in "bdfghklmnprstvz" for vowel in "aeiou"]
PLANTED_SHARE = 0.3


def vocabulary(random_: random.Random, size: int = 20_000) -> list[str]:
    """Distinct made-up words of two to four syllables."""
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(random_.choices(SYLLABLES, k=random_.randint(2, 4)))] = None
    return list(words)


def make_texts(rows: int, seed: int) -> tuple[list[str], list[int]]:
    """Texts of 10 to 60 words, and for each the place of its original or -1.

    Copies are exact, or have one to six words replaced; they are shuffled among the others.
    """
    random_ = random.Random(seed)  # noqa: S311
    words = vocabulary(random_)
    weights = [1 / (rank + 10) for rank in range(len(words))]
    originals = [
        random_.choices(words, weights, k=random_.randint(10, 60))
        for _ in range(round(rows * (1 - PLANTED_SHARE)))
    ]
    pairs = [(text, -1) for text in originals]
    while len(pairs) < rows:
        place = random_.randrange(len(originals))
        copy = list(originals[place])
        for _ in range(random_.randint(0, 6)):
            copy[random_.randrange(len(copy))] = random_.choice(words)
        pairs.append((copy, place))
    order = list(range(rows))
    random_.shuffle(order)
    where = {old: new for new, old in enumerate(order)}
    texts = [" ".join(pairs[old][0]) for old in order]
    return texts, [where.get(pairs[old][1], -1) for old in order]


def shingles(text: str, width: int) -> set[str]:
    """The text's set of word shingles, as the stage defines it."""
    words = text.split()
    width = min(width, len(words))
    return {" ".join(words[i : i + width]) for i in range(len(words) - width + 1)}


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def table(texts: list[str]) -> pa.Table:
    """Rows as the clean stage hands them on; ids are the places of the texts."""
    schema = schema_after("clean")
    known = {"id": pa.array(map(str, range(len(texts)))), "text": pa.array(texts)}
    return pa.table(
        [known.get(f.name, pa.nulls(len(texts), f.type)) for f in schema], schema=schema
    )


def ours(rows: pa.Table, config: DeduplicateConfig) -> list[int]:
    """For each text the place of the one that stays for it."""
    dropped = deduplicate(rows, config).dropped
    stays = list(range(rows.num_rows))
    for row, survivor in zip(dropped["id"], dropped["duplicate_of"], strict=True):
        stays[int(row.as_py())] = int(survivor.as_py())
    return stays


def datasketch(texts: list[str], config: DeduplicateConfig, verify: bool) -> list[int]:
    """The same with datasketch; ``verify`` adds an exact check of every candidate."""
    from datasketch import MinHash, MinHashLSH

    size = config.bands * config.rows_per_band
    index = MinHashLSH(num_perm=size, params=(config.bands, config.rows_per_band))
    sets = [shingles(text, config.shingle_words) for text in texts]
    encoded = ([shingle.encode() for shingle in found] for found in sets)
    stays = list(range(len(texts)))
    for row, sketch in enumerate(MinHash.generator(encoded, num_perm=size, seed=config.seed)):
        candidates = sorted(index.query(sketch))
        if verify:
            candidates = [
                other for other in candidates if jaccard(sets[row], sets[other]) >= config.threshold
            ]
        if candidates:
            stays[row] = candidates[0]
        else:
            index.insert(row, sketch)
    return stays


def score(
    stays: list[int], texts: list[str], originals: list[int], config: DeduplicateConfig
) -> dict[str, float]:
    """precision: dropped rows at or above the threshold with the row that stays for them;
    recall: planted copies at or above the threshold that no longer stand beside their original.
    """
    sets = [shingles(text, config.shingle_words) for text in texts]
    dropped = [(row, other) for row, other in enumerate(stays) if other != row]
    right = sum(jaccard(sets[a], sets[b]) >= config.threshold for a, b in dropped)
    planted = [
        (row, original)
        for row, original in enumerate(originals)
        if original >= 0 and jaccard(sets[row], sets[original]) >= config.threshold
    ]
    apart = sum(stays[a] == a and stays[b] == b for a, b in planted)
    return {
        "dropped": len(dropped),
        "planted_at_threshold": len(planted),
        "precision": round(right / max(1, len(dropped)), 4),
        "recall": round(1 - apart / max(1, len(planted)), 4),
    }


def measure(run: Callable[[], list[int]]) -> tuple[list[int], dict[str, float]]:
    cpu, wall = time.process_time(), time.perf_counter()
    stays = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return stays, {
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "rows_per_cpu_s": round(len(stays) / cpu),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    config = DeduplicateConfig(seed=arguments.seed)
    texts, originals = make_texts(arguments.rows, arguments.seed)

    result: dict[str, Any] = {
        "rows": arguments.rows,
        "seed": arguments.seed,
        "config": config.model_dump(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    rows = table(texts)
    start = time.perf_counter()
    ours(rows.slice(0, 2), config)
    result["first_call_s"] = round(time.perf_counter() - start, 2)
    systems = {
        "srllm": lambda: ours(rows, config),
        "datasketch": lambda: datasketch(texts, config, verify=False),
        "datasketch_verified": lambda: datasketch(texts, config, verify=True),
    }
    for name, run in systems.items():
        stays, figures = measure(run)
        result[name] = figures | score(stays, texts, originals, config)
        print(f"{name:<20}", "  ".join(f"{k} {v:,}" for k, v in result[name].items()))
    result["datasketch_cpu_over_srllm"] = round(
        result["datasketch"]["cpu_s"] / result["srllm"]["cpu_s"], 1
    )
    print(f"srllm takes 1/{result['datasketch_cpu_over_srllm']} of datasketch's CPU time")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
