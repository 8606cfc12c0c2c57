"""Precision and recall of the gates on defects that were planted by hand.

    python benchmarks/gates_planted.py [--show RULE]

``gate_cases/*_bases.jsonl`` hold a text and a careful rewrite (``good``); ``*_cases.jsonl`` hold
the same rewrite with one defect (``bad``). Their writers had not seen the gates. Every base is in
one of two halves, by the digest of its id: thresholds and rules were set by looking at the errors
of the ``tuning`` half only (``--show`` prints them). Of the ``held back`` half only totals were
looked at, apart from some twenty lines of both halves that were read once when the cases came.

For each rule: *caught*, the share of its bads that are not accepted, for whatever reason; *recall*,
the share on which a gate of the rule itself fires; *false positives*, the share of all goods on
which such a gate fires; *precision*, its bads among the bads and the goods of the same bases on
which it fires. Intervals are Wilson's, of 95 %.
"""

import argparse
import hashlib
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.validate import judge, measure
from srllm_train.gated import labelled, rewritten

HERE = Path(__file__).parent
CASES = HERE / "gate_cases"
RESULTS = HERE / "results" / "gates_planted.json"

#: Which gates are meant to find the defects of a rule.
GATES_OF: dict[str, tuple[str, ...]] = {
    "empty": ("empty",),
    "copy": ("copied",),
    "refusal": ("refusal",),
    "preamble": ("preamble",),
    "advice": ("advice",),
    "blanks": ("blanks",),
    "markup": ("markup",),
    "prompt_echo": ("prompt_echo",),
    "language": ("language",),
    "ill_formed": ("ill_formed", "torn", "misfit", "fluency"),
    "torn": ("torn", "ill_formed", "misfit", "fluency"),
    "misfit": ("misfit", "ill_formed", "torn", "fluency"),
    "cut": ("ill_formed", "torn"),
    "disfluent": ("fluency", "order", "ill_formed", "torn"),
    "number": ("numbers",),
    "date": ("dates", "numbers"),
    "name": ("names",),
    "person_added": ("person_added", "names"),
    "negation": ("negation",),
    "quotation": ("quotation",),
    "attribution": ("attribution",),
    "hedging": ("hedging",),
    "group_erased": ("group_erased",),
    "content_lost": ("content_lost", "content_thin", "length", "similarity", "deletion"),
    "claim_added": ("added", "sentence_added", "length"),
    "meaning_changed": ("order", "negation", "similarity", "entailment", "meaning_turned"),
    "bias_left": ("bias_unchanged", "bias_left", "spans_left"),
    "toxicity_left": ("toxicity_unchanged", "toxicity_left", "spans_left", "bias_left"),
    "implicit_bias": ("bias_unchanged", "bias_left"),
    "hostile_added": ("hostile_added",),
    "hostile_evasive": ("hostile_added",),
    "personal_data": ("personal_data", "person_added"),
    "placeholder_lost": ("lost_placeholder",),
    "placeholder_invented": ("invented_placeholder", "lost_placeholder"),
    "deletion": ("deletion", "torn", "ill_formed"),
    "repeated": ("repeated",),
    "control_changed": ("control_changed",),
    "tone_flattened": ("tone", "added", "names", "similarity"),
}


def read(kind: str) -> list[dict[str, Any]]:
    """The lines of the files of a kind: bases or cases."""
    files = sorted(CASES.glob(f"*_{kind}.jsonl"))
    return [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]


def half(base: str) -> str:
    """Which half a base and its cases belong to."""
    return ("tuning", "held back")[hashlib.sha256(base.encode()).digest()[0] % 2]


def judged(bases: list[dict[str, Any]], rewrites: list[str]) -> list[Any]:
    """What the gates say of each rewrite of each base."""
    controls = [b["text"] == b["good"] for b in bases]
    table = rewritten(labelled([b["text"] for b in bases], controls), rewrites)
    signals = measure(table, RedactConfig(), None, ValidateConfig())["signals"].to_pylist()
    return [
        judge({s["name"]: s["value"] for s in of_row}, ValidateConfig(), control)
        for of_row, control in zip(signals, controls, strict=True)
    ]


def wilson(hits: int, of: int) -> list[float]:
    """Share with its Wilson interval of 95 %."""
    if not of:
        return []
    p, z = hits / of, 1.96
    middle, spread = p + z * z / 2 / of, z * math.sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return [round(v, 3) for v in (p, *((middle + s * spread) / (1 + z * z / of) for s in (-1, 1)))]


def main() -> None:
    """Judge all goods and bads, print the table and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", help="print the errors of this rule, or of 'good', for tuning")
    given = parser.parse_args()
    bases = {b["id"]: b for b in read("bases")}
    cases = read("cases")
    if given.show:
        bases = {i: b for i, b in bases.items() if half(i) == "tuning"}
        cases = [c for c in cases if c["base"] in bases and c["rule"] == given.show]
    goods = dict(
        zip(bases, judged(list(bases.values()), [b["good"] for b in bases.values()]), strict=True)
    )
    bads: dict[str, list[tuple[dict[str, Any], Any]]] = {}
    for rule in dict.fromkeys(c["rule"] for c in cases):
        some = [c for c in cases if c["rule"] == rule]
        found = judged([bases[c["base"]] for c in some], [c["bad"] for c in some])
        bads[rule] = list(zip(some, found, strict=True))
    if given.show:
        show(given.show, bases, goods, bads)
        return
    results = {
        name: table({i: j for i, j in goods.items() if half(i) == name}, bads)
        for name in ("tuning", "held back")
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for name, found in results.items():
        accepted = found["goods accepted"]
        print(f"\n{name}: {found['goods']} goods, accepted {accepted}")
        print(f"  why not: {found['goods, gates that fire']}")
        for rule, f in found["rules"].items():
            print(
                f"  {rule:22}{f['cases']:4} caught {f['caught'][0]:.3f}  recall "
                f"{f['recall'][0]:.3f}  precision {(f['precision'] or [0])[0]:.3f}  "
                f"false positives {f['false positives'][0]:.3f}"
            )


def table(goods: dict[str, Any], bads: dict[str, list[tuple[dict[str, Any], Any]]]) -> Any:
    """The figures of one half."""
    fired = {i: {name for name, *_ in j.failed} for i, j in goods.items()}
    rules = {}
    for rule, found in bads.items():
        mine = [(c["base"], j) for c, j in found if c["base"] in goods]
        gates = set(GATES_OF[rule])
        hits = sum(any(name in gates for name, *_ in j.failed) for _, j in mine)
        false = sum(bool(gates & fired[base]) for base, _ in mine)
        rules[rule] = {
            "cases": len(mine),
            "caught": wilson(sum(j.verdict != "accept" for _, j in mine), len(mine)),
            "recall": wilson(hits, len(mine)),
            "precision": wilson(hits, hits + false),
            "false positives": wilson(sum(bool(gates & f) for f in fired.values()), len(fired)),
        }
    why = Counter(name for names in fired.values() for name in names)
    return {
        "goods": len(goods),
        "goods accepted": wilson(sum(j.verdict == "accept" for j in goods.values()), len(goods)),
        "goods rejected": wilson(sum(j.verdict == "reject" for j in goods.values()), len(goods)),
        "goods, gates that fire": dict(why.most_common()),
        "rules": rules,
    }


def show(rule: str, bases: dict[str, Any], goods: dict[str, Any], bads: dict[str, Any]) -> None:
    """Print the errors of ``rule`` in the tuning half; the texts may offend."""
    if rule == "good":
        for i, j in goods.items():
            if j.failed:
                print(f"{i} {j.verdict}\n  {bases[i]['text']}\n  {bases[i]['good']}")
                print("  ", j.reasons)
        return
    for case, j in bads[rule]:
        if not any(name in GATES_OF[rule] for name, *_ in j.failed):
            base = bases[case["base"]]
            print(f"{case['base']} {j.verdict}\n  {base['text']}\n  {base['good']}")
            print(f"  {case['bad']}\n   {[name for name, *_ in j.failed]}")


if __name__ == "__main__":
    main()
