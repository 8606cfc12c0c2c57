"""Is the embedded rewriter better than the editor and than prompted models that run here?

    python benchmarks/embedded_rewriter.py FOLDER [--each 150] [--prompted NAME URL]...

FOLDER holds the sets of ``srllm train labellers``. Rows of six sources that no rewriter or labeller
learned from (benchmarks/rewriter_rows.py): three with a person's rewrite, three that are to come
back unchanged. Every system rewrites all of them, told of no label:

copy, editor             the text itself; the lexicon-guided editor
adapter                  what srllm train rewriter made, greedy
adapter and editor       what a build without an endpoint does: the gates choose between the two,
                         and a text that the labellers find neutral is left as it is
smollm2, prompted        the same base model, not trained, with the instructions of rewrite-v2 in
                         short and three pairs of ours as examples
NAME, prompted           any model at an OpenAI-compatible endpoint, with rewrite-v2 and its notes
reference                the person's

J = mean of STA x SIM x FL per sentence (benchmarks/joint_score.py), the share that the gates
accept as set (``accepted``) and with ``accept_deletions`` (``kept``), texts that came back as they
were (``same``), and EQ, the harmonic mean of kept and same. Answers are stored in --work by system
and row, so a stopped run goes on.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rewriter_rows import Row, Scores, compare, held_back, summary

from srllm_data.config import RedactConfig, RewriteConfig, ValidateConfig
from srllm_data.local_models import rewriter
from srllm_data.rewrite.embedded import marked
from srllm_data.workspace import digest
from srllm_train import embedded
from srllm_train.gated import labelled

RESULTS = Path(__file__).parent / "results" / "embedded_rewriter.json"
_INSTRUCTION = (
    "Rewrite the text without bias, insults, slurs, profanity, stereotypes or loaded words. Keep "
    "every fact, name, number and quotation, and change as little as you can. If there is nothing "
    "to change, repeat the text. Answer with the rewrite only."
)
_EXAMPLES = [
    (
        "this idiot parked across two bays again, 40 minutes i waited",
        "this driver parked across two bays again, 40 minutes i waited",
    ),
    (
        "The so-called reform was rammed through by a 4-3 vote on Monday.",
        "The reform was passed by a 4-3 vote on Monday.",
    ),
    (
        "The bakery on Mill Road opens at 7 on Saturdays.",
        "The bakery on Mill Road opens at 7 on Saturdays.",
    ),
]

Answers = dict[str, str | None]


def by_editor(rows: Sequence[Row]) -> Answers:
    """The editor's rewrites."""
    from srllm_data.rewrite.editor import rewrite_text

    return {r.id: rewrite_text(r.text) for r in rows}


def by_adapter(rows: Sequence[Row], adapter: str) -> Answers:
    """The adapter's greedy rewrites."""
    table = labelled([r.text for r in rows]).to_pylist()
    return {
        r.id: rewriter.write(r.text, marked(row), adapter)
        for r, row in zip(rows, table, strict=True)
    }


def by_build(rows: Sequence[Row], config: RewriteConfig, ledger: Path) -> Answers:
    """What the rewrite stage makes of rows; those that are labelled neutral stay."""
    import pyarrow as pa

    from srllm_data.config import LabelConfig
    from srllm_data.label import label
    from srllm_data.rewrite import rewrite
    from srllm_data.schema import schema_after
    from srllm_data.validate import Gatekeeper

    given = pa.Table.from_pylist(
        [
            {"id": r.id, "text": r.text, "source": "x", "source_key": r.id, "cluster": r.id,
             "language": "en", "entities": []}
            for r in rows
        ],
        schema=schema_after("redact"),
    )  # fmt: skip
    table = label(given, LabelConfig(max_spam=1.0, max_unintelligible=1.0)).kept
    judge = Gatekeeper(RedactConfig(), ValidateConfig())
    output = rewrite(table, config, ledger, judge)
    found: Answers = dict.fromkeys(r.id for r in rows)
    # A text without a rewrite is not released: for a row that needs one, that is a failure.
    found |= {r["id"]: r["rewrite"] for r in output.kept.to_pylist()}
    return found


def by_prompt(rows: Sequence[Row]) -> Answers:
    """What the untrained base model says, after three examples."""
    from srllm_data.local_models.chat import answers, most_tokens
    from srllm_data.local_models.language_model import SMOLLM2, load

    tokenizer, network = load(SMOLLM2, "rewrite.adapter")
    turns = [{"role": "system", "content": _INSTRUCTION}]
    for text, rewrite in _EXAMPLES:
        turns += [{"role": "user", "content": text}, {"role": "assistant", "content": rewrite}]
    prompts, limits = [], []
    for row in rows:
        asked = tokenizer.apply_chat_template(
            [*turns, {"role": "user", "content": row.text}],
            tokenize=False,
            add_generation_prompt=True,
        )
        prompts.append(tokenizer(str(asked), add_special_tokens=False)["input_ids"])
        limits.append(most_tokens(len(tokenizer(row.text)["input_ids"])))
    said = answers(network, tokenizer, prompts, limits)
    return dict(zip((r.id for r in rows), said, strict=True))


def main() -> None:
    """Let every system rewrite what it has not yet, then score all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=150, help="rows of every source")
    parser.add_argument("--adapter", default=rewriter.EMBEDDED)
    parser.add_argument("--prompted", nargs=2, action="append", default=[])
    parser.add_argument("--work", type=Path, default=Path("embedded_rewriter.work"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = held_back(given.folder, given.each)
    weights = rewriter.name_of(given.adapter)
    systems: dict[str, Callable[[Sequence[Row]], Answers]] = {
        "reference": lambda some: {r.id: r.reference for r in some},
        "copy": lambda some: {r.id: r.text for r in some},
        "editor": by_editor,
        f"adapter ({weights})": lambda some: by_adapter(some, given.adapter),
        f"adapter and editor ({weights})": lambda some: by_build(
            some, RewriteConfig(adapter=given.adapter), given.work / "requests.sqlite"
        ),
        "smollm2, prompted": by_prompt,
    }
    for name, url in given.prompted:
        config = RewriteConfig(model=name, base_url=url, concurrency=1, timeout_s=600.0, examples=0)
        systems[f"{name}, prompted"] = lambda some, config=config: by_build_all(
            some, config, given.work / "requests.sqlite"
        )
    said = {name: remembered(name, system, rows, given.work) for name, system in systems.items()}
    held = embedded.held_back(given.folder, embedded.OWN / "labelled")
    own = embedded.own_pairs(embedded.OWN / "pairs")
    learned = {"own": [p for p in own if not p.control]}
    for source, pairs in (
        ("paradetox", embedded.paradetox(given.folder)),
        ("wiki_neutrality", embedded.wiki(given.folder)),
    ):
        learned[source] = [p for p in pairs if p.id not in held and not p.control]
    scorer = Scores(rows, learned)
    scores = {name: scored(name, answers, scorer, given.work) for name, answers in said.items()}
    best = f"adapter ({weights})"
    both = f"adapter and editor ({weights})"
    report: dict[str, Any] = {
        "rows": {
            s: sum(r.source == s for r in rows) for s in dict.fromkeys(r.source for r in rows)
        },
        "adapter": weights,
        "systems": {name: summary(rows, s) for name, s in scores.items()},
        "differences": {
            f"{b} - {a}": {
                part: compare(rows, scores[a], scores[b], part) for part in ("j", "kept", "same")
            }
            for b in (best, both)
            for a in scores
            if a not in (best, both, "copy")
        },
    }
    given.out.write_text(json.dumps(report, indent=2) + "\n")
    for name, found in report["systems"].items():
        parts = "  ".join(f"{part} {found[part]}" for part in ("j", "kept", "same", "eq"))
        print(f"{name:52} {parts}")
    print(json.dumps(report["differences"], indent=1))


def scored(name: str, answers: Answers, scorer: Scores, work: Path) -> dict[str, dict[str, float]]:
    """The scores of the answers; those of the same answers are stored."""
    key = digest([answers, [r.id for r in scorer.rows]])
    path = work / f"{name}.scores.json"
    if path.exists() and (found := json.loads(path.read_bytes()))["key"] == key:
        return dict(found["scores"])
    scores = scorer.of(answers)
    path.write_text(json.dumps({"key": key, "scores": scores}) + "\n")
    return scores


def by_build_all(rows: Sequence[Row], config: RewriteConfig, ledger: Path) -> Answers:
    """A prompted model's rewrite of every row, whatever its label says."""

    from srllm_data.rewrite import rewrite

    table = labelled([r.text for r in rows])
    names = dict(zip(table["id"].to_pylist(), (r.id for r in rows), strict=True))
    for name in ("source_key", "cluster"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table["id"])
    output = rewrite(table, config, ledger)
    found: Answers = dict.fromkeys(r.id for r in rows)
    found |= {names[r["id"]]: r["rewrite"] for r in output.kept.to_pylist()}
    unchanged = {names[r["id"]] for r in output.dropped.to_pylist() if r["reason"] == "unchanged"}
    return found | {r.id: r.text for r in rows if r.id in unchanged}


def remembered(
    name: str, system: Callable[[Sequence[Row]], Answers], rows: Sequence[Row], work: Path
) -> Answers:
    """The system's answers, of which those to the same rows are stored."""
    path = work / f"{name}.jsonl"
    known: Answers = {}
    if path.exists():
        known = dict(json.loads(line) for line in path.read_text("utf-8").splitlines())
    missing = [r for r in rows if r.id not in known]
    if missing:
        print(f"{name}: {len(missing):,} rows", flush=True)
        found = system(missing)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(a, ensure_ascii=False) + "\n" for a in found.items())
        known |= found
    return {r.id: known[r.id] for r in rows}


if __name__ == "__main__":
    main()
