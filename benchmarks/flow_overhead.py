"""Time the flow build-dataset beside the bare stages that it runs, on the sample corpus.

    python benchmarks/flow_overhead.py [--runs 3]

Each run is a process of its own, flow and bare stages in turn, so the ratio holds on a busy
machine. First: an empty workspace. Second: the same again, everything in the store. The bare
stages have neither Prefect nor expectations, report and release files.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "flow_overhead.json"
CONFIG = ROOT / "data" / "sample" / "srllm.yaml"
BARE = """
import sys
from pathlib import Path
from srllm_data.config import load_config
from srllm_data.plan import make_plan
from srllm_data.runner import run_stage
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace
config = load_config(Path(sys.argv[1]), Path(sys.argv[2]))
workspace = Workspace(Path(config.workspace))
plan = make_plan(config, workspace)
for stage in STAGES:
    run_stage(stage, plan.keys[stage], plan.components[stage], config, workspace)
"""


def timed(command: list[str]) -> float:
    """Wall seconds of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print and store the median seconds of each and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    srllm = str(Path(sys.executable).parent / "srllm")
    found: dict[str, list[float]] = {
        f"{what}_{which}": [] for which in ("first", "second") for what in ("flow", "bare")
    }
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            flow = [srllm, "build", "-c", str(CONFIG), "-w", f"{folder}/flow"]
            bare = [sys.executable, "-c", BARE, str(CONFIG), f"{folder}/bare"]
            for which in ("first", "second"):
                found[f"flow_{which}"].append(timed(flow))
                found[f"bare_{which}"].append(timed(bare))
    median = {name: round(statistics.median(seconds), 2) for name, seconds in found.items()}
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "runs": runs,
        "median_seconds": median,
        "overhead_seconds": {
            w: round(median[f"flow_{w}"] - median[f"bare_{w}"], 2) for w in ("first", "second")
        },
        "ratio": {
            w: round(median[f"flow_{w}"] / median[f"bare_{w}"], 2) for w in ("first", "second")
        },
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
