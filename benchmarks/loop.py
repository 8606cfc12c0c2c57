"""Does the loop close: can a release be built by the model that the last release trained?

The sample corpus is built as ever, by the adapter that comes with srllm and by the editor. That
adapter is trained further on the release, merged into its base, and served by transformers' own
server on the loopback device; the corpus is built again, rewritten by the served model and by the
editor. The two releases are compared row by row.

    python benchmarks/loop.py                # writes benchmarks/results/loop.json
    python benchmarks/loop.py --folder loop  # keeps all that it makes there, and goes on from it

The release is far too small to make a better rewriter: what is shown is that each step takes what
the step before made.
"""

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from srllm_data.diff import word_diff
from srllm_data.workspace import Workspace
from srllm_train.outputs import edit_f1
from srllm_train.pairs import Pair

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "loop.json"
CONFIG = ROOT / "data" / "sample" / "srllm.yaml"
SHIPPED = ROOT / "srllm_data" / "rewrite" / "adapter"
#: A few small steps, on as many rows that change as rows that do not.
CHANGES = ("accumulation=1", "learning_rate=5e-4", "max_controls=0.5", "track=none")
PROGRAMS = Path(sys.executable).parent


def srllm(*arguments: object, **settings: str) -> float:
    """Run one command of srllm, shown as it goes; its wall seconds."""
    command = [str(PROGRAMS / "srllm"), *map(str, arguments)]
    print(f"\n$ srllm {' '.join(command[1:])}", flush=True)
    begin = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, **settings})
    return time.perf_counter() - begin


@contextmanager
def served(model: Path, port: int) -> Iterator[str]:
    """The base URL of ``model`` behind transformers' server, by the name of its folder."""
    command = [PROGRAMS / "transformers", "serve", model.name, "--host", "127.0.0.1"]
    command += ["--port", str(port)]
    print(f"\n$ {' '.join(map(str, command[1:]))}", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(command, cwd=model.parent, env=environment, **quiet) as server:  # type: ignore[call-overload]
        try:
            for _ in range(600):
                if server.poll() is not None:
                    sys.exit("The server ended before it answered.")
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def build(workspace: Workspace, **settings: str) -> tuple[Path, dict[str, Any]]:
    """Build the sample corpus; the release, and the record of its run."""
    srllm("build", "-c", CONFIG, "-w", workspace.root, **settings)
    run = workspace.last_run()
    return Path(run["release"]), run


def told(workspace: Workspace, release: Path, run: dict[str, Any]) -> dict[str, Any]:
    """What became of the rows of a build."""
    key = run["stages"]["rewrite"]["key"]
    rows = workspace.kept("rewrite", key, ["control", "rewrite_by"]).to_pylist()
    by = Counter(r["rewrite_by"] for r in rows if not r["control"])
    manifest = json.loads((release / "manifest.json").read_bytes())
    stages = {s["stage"]: s for s in run["funnel"]}
    facts = stages["rewrite"]["facts"]
    controls = facts["control"]
    verdicts = stages["validate"]["facts"]
    biased = {name: verdicts.get(f"verdict={name}", 0) for name in ("accept", "hold", "reject")}
    return {
        "release": release.name,
        "rows": manifest["rows"],
        "dispositions": manifest["dispositions"],
        "biased": {
            "asked": stages["rewrite"]["rows_in"] - controls,
            "rewritten": facts["ok"],
            "rewritten_by": dict(by.most_common()),
            "unchanged": facts["unchanged"],
            # Every control is accepted: its rewrite is its text.
            "accepted": biased["accept"] - controls,
            "held": biased["hold"],
            "rejected": biased["reject"],
        },
        "requests_sent": facts.get("requests_sent", 0),
        "tokens": [facts.get("tokens_in", 0), facts.get("tokens_out", 0)],
        "rewrite_seconds": round(stages["rewrite"]["seconds"], 1),
    }


def rewrites(workspace: Workspace, run: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Text and rewrite of each biased row that got one, by id."""
    key = run["stages"]["rewrite"]["key"]
    rows = workspace.kept("rewrite", key, ["id", "text", "rewrite", "control"]).to_pylist()
    return {r["id"]: (r["text"], r["rewrite"]) for r in rows if not r["control"]}


def ends(release: Path) -> dict[str, str]:
    """The end of every gathered row, by id."""
    rows = pq.read_table(release / "ledger.parquet", columns=["id", "disposition"]).to_pylist()
    return {r["id"]: r["disposition"] for r in rows}


def words_changed(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Words that a rewrite takes out and puts in, mean over rows."""
    counts: Counter[str] = Counter()
    for text, rewrite in pairs:
        for change, words in word_diff(text, rewrite):
            counts[change] += len(words.split())
    rows = max(1, len(pairs))
    return {"out": round(counts["del"] / rows, 2), "in": round(counts["ins"] / rows, 2)}


def compared(
    first: tuple[Path, dict[str, tuple[str, str]]], second: tuple[Path, dict[str, tuple[str, str]]]
) -> dict[str, Any]:
    """The second release beside the first, row by row."""
    (old, before), (new, after) = first, second
    both = sorted(before.keys() & after.keys())
    differ = [i for i in both if before[i][1].split() != after[i][1].split()]
    agree = [edit_f1(Pair(i, *before[i]), after[i][1]) for i in both]
    was, is_ = ends(old), ends(new)
    ways = Counter((was[i], is_[i]) for i in was if was[i] != is_[i])
    return {
        "rewritten_by_both": len(both),
        "rewritten_by_first_only": len(before.keys() - after.keys()),
        "rewritten_by_second_only": len(after.keys() - before.keys()),
        "rewrites_that_differ": len(differ),
        "words_changed_by_first": words_changed([before[i] for i in both]),
        "words_changed_by_second": words_changed([after[i] for i in both]),
        "edit_f1_of_second_against_first": round(sum(agree) / max(1, len(agree)), 3),
        "released_in_both": sum(was[i] == is_[i] == "released" for i in was),
        "ends_that_changed": {f"{a} to {b}": n for (a, b), n in sorted(ways.items())},
    }


def main() -> None:
    """Go round once, print the comparison and store it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keep everything here")
    parser.add_argument("--steps", type=int, default=12, help="of training, with 16 rows each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--port", type=int, default=8000, help="of the server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        workspace, adapter = Workspace(folder / "workspace"), folder / "adapter"
        release, run = build(workspace, SRLLM_REWRITE__MODEL="null")
        first = rewrites(workspace, run)
        found: dict[str, Any] = {"first": told(workspace, release, run)}
        if not (adapter / "srllm.json").exists():
            changes = [x for c in (f"max_steps={options.steps}", *CHANGES) for x in ("--set", c)]
            srllm("train", "sft", release, "--start", SHIPPED, "--out", adapter, *changes)
        record = json.loads((adapter / "srllm.json").read_bytes())
        model = folder / f"rewriter-{record['weights'][:8]}"
        if not model.exists():
            srllm("train", "merge", adapter, "--out", model)
        with served(model, options.port) as url:
            again, run = build(
                workspace,
                SRLLM_REWRITE__MODEL=model.name,
                SRLLM_REWRITE__BASE_URL=url,
                SRLLM_REWRITE__PROMPT=str(model / "prompt.md"),
                SRLLM_REWRITE__EDITOR_TOO="true",
                SRLLM_REWRITE__TIMEOUT_S="300",
            )
        taken = ("start", "rows", "steps", "loss", "dev", "health", "unfit", "measured")
        found["adapter"] = {name: record[name] for name in taken}
        found["second"] = told(workspace, again, run)
        found["compared"] = compared((release, first), (again, rewrites(workspace, run)))
    found["machine"] = {"cores": os.cpu_count(), "platform": platform.machine()}
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
