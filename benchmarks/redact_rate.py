"""Time the search for personal data beside plain Presidio, and explain where their results differ.

    python benchmarks/redact_rate.py [--texts FILE.jsonl] [--limit 2000] [--rounds 3]

Plain Presidio is one ``AnalyzerEngine`` with its default registry and srllm's spaCy model, asked
once for each text, for the entity types that both know and with srllm's lowest score. Both run in
turns on the same texts, so the ratio holds on a busy machine. Texts come from data/sample, or from
the column ``text`` of a JSON Lines file. Nothing of a text is printed or written, only counts.
"""

import argparse
import csv
import json
import multiprocessing
import os
import platform
import re
import time
from collections import Counter
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Before numpy is imported, so that no library starts threads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from srllm_data import nlp  # noqa: E402
from srllm_data.config import RedactConfig  # noqa: E402
from srllm_data.personal_data import (  # noqa: E402
    cues,
    find,
    words,
)
from srllm_data.personal_data.figures import fold  # noqa: E402

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "redact_rate.json"
SAMPLE = HERE.parent / "data" / "sample"
ENTITIES = [
    "PERSON",
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "CREDIT_CARD",
    "IBAN_CODE",
    "IP_ADDRESS",
    "US_SSN",
]
CONFIG = RedactConfig(entities=ENTITIES)
#: Characters of a short text, as of a post.
SHORT = 140
#: Type, start and end.
Span = tuple[str, int, int]


def read_texts(path: Path | None, limit: int) -> list[str]:
    """Texts of ``path``, or of the sample corpus, at most ``limit``."""
    if path:
        with path.open(encoding="utf-8") as file:
            return [json.loads(line)["text"] for _, line in zip(range(limit), file, strict=False)]
    texts: list[str] = []
    for name, column, delimiter in (("news.csv", "text", ","), ("comments.tsv", "comment", "\t")):
        with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
            texts += [row[column] or "" for row in csv.DictReader(file, delimiter=delimiter)]
    with (SAMPLE / "posts.jsonl").open(encoding="utf-8") as file:
        texts += [json.loads(line).get("body") or "" for line in file if line.startswith("{")]
    return [t for t in texts if t.strip()][:limit]


@lru_cache(maxsize=1)
def analyser() -> Any:
    """Presidio's analyser as its documentation shows it."""
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    # Without this the first e-mail address waits for a download of the public suffix list.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    models = [{"lang_code": "en", "model_name": nlp.MODEL}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])


def presidio(texts: list[str]) -> list[set[Span]]:
    """What plain Presidio finds."""
    ask = analyser().analyze
    return [
        {
            (r.entity_type, r.start, r.end)
            for r in ask(
                text=text, language="en", entities=ENTITIES, score_threshold=CONFIG.min_score
            )
        }
        for text in texts
    ]


def srllm(texts: list[str], config: RedactConfig = CONFIG) -> list[set[Span]]:
    """What srllm finds."""
    return [{(f.type, f.start, f.end) for f in found} for found in find(texts, config)]


def srllm_all_types(texts: list[str]) -> list[set[Span]]:
    return srllm(texts, RedactConfig())


SYSTEMS = {"presidio": presidio, "srllm": srllm, "srllm_all_types": srllm_all_types}


def rates(texts: list[str], rounds: int) -> dict[str, Any]:
    """Texts a second, by CPU and by wall clock: the median round of each."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in SYSTEMS}
    for run in SYSTEMS.values():
        run(texts[:100])
    for _ in range(rounds):
        for name, run in SYSTEMS.items():
            cpu, wall = time.process_time(), time.perf_counter()
            run(texts)
            taken[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    found: dict[str, Any] = {}
    for name, times in taken.items():
        cpu, wall = (sorted(values)[len(values) // 2] for values in zip(*times, strict=True))
        found[name] = {
            "texts_per_cpu_s": round(len(texts) / cpu),
            "texts_per_wall_s": round(len(texts) / wall),
        }
    for name in ("srllm", "srllm_all_types"):
        found[f"{name}_over_presidio"] = {
            clock: round(found[name][clock] / found["presidio"][clock], 2)
            for clock in ("texts_per_cpu_s", "texts_per_wall_s")
        }
    return found


def two_processes(texts: list[str]) -> dict[str, Any]:
    """Texts a second by wall clock with one half in each of two processes, models loaded."""
    found: dict[str, Any] = {}
    context = multiprocessing.get_context("spawn")
    for name, run in SYSTEMS.items():
        with context.Pool(2) as pool:
            pool.map(run, [texts[:100]] * 2, chunksize=1)
            wall = time.perf_counter()
            pool.map(run, [texts[::2], texts[1::2]], chunksize=1)
            found[name] = round(len(texts) / (time.perf_counter() - wall))
    return found


def differences(texts: list[str]) -> dict[str, Any]:
    """Findings that both have, and by type and cause those that they do not share."""
    both: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("only_presidio", "only_srllm", "other_span")
    }
    everyone = srllm(texts, CONFIG.model_copy(update={"keep_public_figures": False}))
    all_types = srllm_all_types(texts)
    for text, theirs, ours, with_figures, typed in zip(
        texts, presidio(texts), srllm(texts), everyone, all_types, strict=True
    ):
        both.update(type for type, *_ in theirs & ours)
        for span in theirs - ours:
            if overlapping(span, ours):
                counts["other_span"][f"{span[0]}: {_other_span(text, span, ours)}"] += 1
            else:
                cause = _only_presidio(text, span, with_figures, typed)
                counts["only_presidio"][f"{span[0]}: {cause}"] += 1
        for span in ours - theirs:
            if not overlapping(span, theirs):
                counts["only_srllm"][f"{span[0]}: {_only_srllm(text, span)}"] += 1
    return {
        "same": dict(sorted(both.items())),
        **{kind: dict(of.most_common()) for kind, of in counts.items()},
    }


def overlapping(span: Span, others: set[Span]) -> list[Span]:
    """Those of ``others`` that share a type and a character with ``span``."""
    return [o for o in others if o[0] == span[0] and o[1] < span[2] and span[1] < o[2]]


def _only_presidio(text: str, span: Span, with_figures: set[Span], typed: set[Span]) -> str:
    type_, start, end = span
    surface = text[start:end]
    if any(o[1] < end and start < o[2] for o in typed):
        return "found as another type"
    if type_ != "PERSON":
        return "validated number of a region that is left out" if type_ == "PHONE_NUMBER" else "?"
    if overlapping(span, with_figures):
        return "public figure, kept by the policy"
    if re.search(r"[#/]\w*$|&\w*$", text[:start]) or re.search(r"https?:|[#&@]\w", surface):
        return "part of a hashtag, a character entity or a link"
    found = re.findall(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*", surface)
    capitalised = [w for w in found if w[0].isupper()]
    if not capitalised:
        return "no capitalised word"
    if all(words.is_ruled_out(w.casefold()) for w in capitalised):
        return "identity terms, insults, slang or places"
    if all(
        words.is_common_word(w.lower()) or words.is_ruled_out(w.casefold()) for w in capitalised
    ):
        return "words of the dictionary only"
    if all(w.isupper() for w in capitalised):
        return "all in capitals and no known given name"
    return "other name rule (generic use, a place, no evidence beside an unknown word)"


def _only_srllm(text: str, span: Span) -> str:
    type_, start, end = span
    if type_ == "PHONE_NUMBER":
        return "local number, or of a range kept for fiction"
    if type_ == "EMAIL_ADDRESS":
        return "private domain, or spelt out"
    if type_ != "PERSON":
        return "pattern beside other personal data"
    before = text[:start].rstrip().rsplit(None, 1)
    if before and before[-1].rstrip(".").lower() in cues.HONORIFICS:
        return "behind a title"
    surface = text[start:end]
    if len(re.findall(rf"(?<!\w){re.escape(surface)}(?!\w)", text)) > 1:
        return "named more than once, seen once"
    if any(words.is_certain_word(fold(w)) for w in surface.split()):
        return "known given name"
    return "seen once personal data beside it was masked, or behind a by-line"


def _other_span(text: str, span: Span, ours: set[Span]) -> str:
    (_, start, end), own = span, overlapping(span, ours)
    left, right = min(o[1] for o in own), max(o[2] for o in own)
    if len(own) > 1:
        return "several findings in one"
    if start <= left and right <= end:
        return "words around the value left out"
    if left <= start and end <= right:
        return "whole value taken"
    return "shifted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, help="JSON Lines file with a column text")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "presidio_analyzer": version("presidio-analyzer"),
        "spacy": version("spacy"),
        "model": f"{nlp.MODEL} {version(nlp.MODEL)}",
        "entities": ENTITIES,
        "min_score": CONFIG.min_score,
        "texts": {},
    }
    sample = read_texts(None, arguments.limit)
    short = [text for text in sample if len(text) <= SHORT]
    sets = {"sample": sample, f"sample, {SHORT} characters or fewer": short}
    if arguments.texts:
        sets[arguments.texts.stem] = read_texts(arguments.texts, arguments.limit)
    for name, texts in sets.items():
        found = result["texts"][name] = {
            "texts": len(texts),
            "mean_characters": round(sum(map(len, texts)) / len(texts)),
            **rates(texts, arguments.rounds),
            "two_processes_texts_per_wall_s": two_processes(texts),
            "differences": differences(texts),
        }
        print(name, json.dumps(found, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
