"""Quality of the labellers on labelled sets that they were not trained on; writes their card.

    python benchmarks/labellers_quality.py FOLDER [--classifiers FOLDER]

FOLDER holds the labelled sets at the paths of ``srllm_train.labelled_rows.SOURCES`` and, where
there are, ``benchmarks/hatecheck.jsonl`` and ``benchmarks/identity_templates_sample.jsonl``. The
held-back fifth of each set is measured, with the default weights and thresholds, which were chosen
on the calibration part. Intervals are 95 % bootstrap.
"""

import argparse
import json
from pathlib import Path

from srllm_data.labellers.files import OWN
from srllm_train.labellers import evaluate

RESULTS = Path(__file__).parent / "results" / "labellers_quality.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--classifiers", type=Path, default=OWN)
    asked = parser.parse_args()
    found = evaluate(asked.folder, asked.classifiers)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    for axis, sources in found["auroc"].items():
        for source, by in sources.items():
            line = "  ".join(f"{name} {f['auroc']:.3f}" for name, f in by.items())
            print(f"{axis:<9} {source:<16} {line}")


if __name__ == "__main__":
    main()
