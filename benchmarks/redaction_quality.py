"""Score the search for personal data on hand-written hard cases.

    python benchmarks/redaction_quality.py [--cases FOLDER] [--show] [--tuning-only]

A case is one line: ``⟦TYPE:surface⟧`` marks personal data, ``⟦KEEP:surface⟧`` what must survive
and is easily mistaken; all else must survive as well. The files of the tuning set are those that
the rules were made with: ``--show`` prints their errors. The files of the held-back set were
written afterwards by somebody else, and nobody who made the rules read them: of these only totals
by type are printed. Recall: marked spans that findings cover wholly (typed: findings of their
type). Precision: findings that overlap a mark of their type. Intervals are Wilson's, of 95 %.
"""

import argparse
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from srllm_data import nlp
from srllm_data.config import RedactConfig
from srllm_data.personal_data import Finding, find

HERE = Path(__file__).parent
CASES = HERE / "redaction_cases"
RESULTS = HERE / "results" / "redaction_quality.json"
#: Files without their ending, by set.
SETS = {
    "tuning": ("context", "names", "noise", "patterns"),
    "held_back": ("fresh_names", "fresh_patterns"),
}
_MARK = re.compile(r"⟦([A-Z_]+):([^⟦⟧]*)⟧")


@dataclass(frozen=True)
class Case:
    """A text with its marks: type, start and end."""

    file: str
    text: str
    marks: tuple[tuple[str, int, int], ...]


def read_cases(of_set: str, folder: Path = CASES) -> list[Case]:
    """The cases of a set in ``folder``, as far as its files are there."""
    return [
        parse(path.stem, line)
        for path in (folder / f"{name}.txt" for name in SETS[of_set])
        if path.exists()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def parse(file: str, line: str) -> Case:
    parts: list[str] = []
    marks: list[tuple[str, int, int]] = []
    length = done = 0
    for mark in _MARK.finditer(line):
        parts += line[done : mark.start()], mark[2]
        length += mark.start() - done + len(mark[2])
        marks.append((mark[1], length - len(mark[2]), length))
        done = mark.end()
    return Case(file, "".join([*parts, line[done:]]), tuple(marks))


def score(cases: list[Case], show: bool = False) -> dict[str, Any]:
    """Recall by type, precision by type and overall, and survival of what must be kept."""
    recall: dict[str, list[tuple[bool, bool]]] = {}
    precise: dict[str, list[bool]] = {}
    kept: list[bool] = []
    for case, found in zip(cases, find([c.text for c in cases], RedactConfig()), strict=True):
        wrong = []
        for type_, start, end in case.marks:
            if type_ == "KEEP":
                kept.append(not any(f.start < end and start < f.end for f in found))
                continue
            covered = _covered(case.text, start, end, found)
            typed = _covered(case.text, start, end, [f for f in found if f.type == type_])
            recall.setdefault(type_, []).append((covered, typed))
            if not covered:
                wrong.append(f"missed {type_} {case.text[start:end]!r}")
            elif not typed:
                wrong.append(f"mistyped {type_} {case.text[start:end]!r}")
        for f in found:
            right = any(t == f.type and f.start < e and s < f.end for t, s, e in case.marks)
            precise.setdefault(f.type, []).append(right)
            if not right:
                wrong.append(f"spurious {f.type} {case.text[f.start : f.end]!r}")
        if wrong and show:
            print(f"{case.file}: {case.text}\n    {'; '.join(wrong)}")
    overall = [right for of in precise.values() for right in of]
    return {
        "cases": len(cases),
        "recall": {t: share([c for c, _ in of]) for t, of in sorted(recall.items())},
        "recall_typed": {t: share([c for _, c in of]) for t, of in sorted(recall.items())},
        "recall_patterned": share([c for t, of in recall.items() if t != "PERSON" for c, _ in of]),
        "precision": {t: share(of) for t, of in sorted(precise.items())},
        "precision_overall": share(overall),
        "kept": share(kept),
    }


def _covered(text: str, start: int, end: int, found: list[Finding]) -> bool:
    """True if every letter and digit of the span is in a finding."""
    return all(
        any(f.start <= at < f.end for f in found) for at in range(start, end) if text[at].isalnum()
    )


def share(of: list[bool]) -> dict[str, Any]:
    """Share of true values with its 95 % Wilson interval."""
    n, z = len(of), 1.96
    if not n:
        return {"n": 0}
    p = sum(of) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return {
        "share": round(p, 4),
        "from": round(middle - half, 4),
        "to": round(middle + half, 4),
        "n": n,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--show", action="store_true", help="print errors of the tuning set")
    parser.add_argument("--tuning-only", action="store_true", help="leave the held-back set alone")
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "files": {},
        "presidio_analyzer": version("presidio-analyzer"),
        "model": f"{nlp.MODEL} {version(nlp.MODEL)}",
    }
    for name in SETS:
        if arguments.tuning_only and name != "tuning":
            continue
        cases = read_cases(name, arguments.cases)
        result["files"] |= dict(Counter(c.file for c in cases))
        result[name] = score(cases, show=arguments.show and name == "tuning")
        print(name, len(cases))
        for measure, values in result[name].items():
            if measure == "cases":
                continue
            for kind, value in ({"": values} if "n" in values else values).items():
                if value["n"]:
                    print(
                        f"  {measure:<18}{kind:<16}{value['share']:.3f}  "
                        f"[{value['from']:.3f}, {value['to']:.3f}]  n={value['n']}"
                    )
    if not arguments.tuning_only:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
