"""CPU time of the six suites of expectations beside that of the data stages that they check.

    python benchmarks/expectations_overhead.py [--rows 2000] [--checked 200000]

The nine stages run over ``--rows`` texts, without a model at an endpoint and without the encoder,
the slowest labeller, which would only make the suites look cheaper. Each text is made of two of the
project's own, so that all differ. A warm-up over other texts comes first, so that no loading of
models counts for the stages. Their outputs are then repeated with new ids and, but for the first
time, shuffled words until there are ``--checked`` rows. The suites check both sizes, each in a
process of its own whose imports and models do count. The stages' time for ``--checked`` rows is
extrapolated: each is linear in its rows. CPU time, as the machine is shared.
"""

import argparse
import csv
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from srllm_data.config import Config, load_config
from srllm_data.quality import BOUNDARIES, check_boundary
from srllm_data.runner import run_stage
from srllm_data.schema import STAGES
from srllm_data.stages import components, key_of
from srllm_data.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "expectations_overhead.json"
WARM_UP = 50


def texts() -> list[str]:
    """The project's own texts."""
    found = []
    for path in sorted((ROOT / "data" / "labelled").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [row["text"] for row in csv.DictReader(file, delimiter="\t")]
    with (ROOT / "data" / "sample" / "news.csv").open(encoding="utf-8", newline="") as file:
        return found + [row["text"] for row in csv.DictReader(file)]


def build(
    folder: Path, rows: list[str]
) -> tuple[Config, Workspace, dict[str, str], dict[str, float]]:
    """Run all stages over ``rows``; configuration, workspace, keys, and CPU seconds by stage."""
    folder.mkdir(parents=True)
    with (folder / "texts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([row] for row in rows)])
    path = folder / "srllm.yaml"
    path.write_text(
        "gather: {sources: [{name: own, path: texts.csv, licence: CC0-1.0}]}\n"
        "label: {embedded: [lexicon, vader, ngrams]}\n"
    )
    config = load_config(path)
    workspace = Workspace(Path(config.workspace))
    keys: dict[str, str] = {}
    seconds: dict[str, float] = {}
    before = None
    for stage in STAGES:
        parts = components(stage, config, workspace, before)
        before = keys[stage] = key_of(stage, parts)
        start = time.process_time()
        run_stage(stage, before, parts, config, workspace)
        seconds[stage] = round(time.process_time() - start, 2)
    return config, workspace, keys, seconds


def repeated(table: pa.Table, times: int) -> pa.Table:
    """``table`` again and again: new ids, clusters after them, and shuffled words."""
    tiles = []
    for tile in range(times):
        changed: dict[str, list[Any]] = {}
        for name in {"id", "cluster", "duplicate_of"} & set(table.column_names):
            changed[name] = [i and f"{tile:03x}{i[3:]}" for i in table[name].to_pylist()]
        for name in ("text", "rewrite"):
            if name in table.column_names:
                changed[name] = [_shuffled(t, tile) for t in table[name].to_pylist()]
        if "rewrite" in changed:
            controls = table["control"].to_pylist()
            changed["rewrite"] = [
                changed["text"][at] if control else changed["rewrite"][at]
                for at, control in enumerate(controls)
            ]
        new = table
        for name, values in changed.items():
            at = table.schema.get_field_index(name)
            new = new.set_column(at, name, pa.array(values, table.schema.field(name).type))
        tiles.append(new)
    return pa.concat_tables(tiles)


def _shuffled(text: str, seed: int) -> str:
    if not seed:
        return text
    words = text.split()
    random.Random(seed * 7919 + len(text)).shuffle(words)  # noqa: S311
    return " ".join(words)


def enlarge(workspace: Workspace, keys: dict[str, str], root: Path, times: int) -> None:
    """A workspace in ``root`` whose stages gave ``times`` as many rows."""
    large = Workspace(root)
    for stage, key in keys.items():
        folder = large.folder(stage, key)
        folder.mkdir(parents=True)
        pq.write_table(repeated(workspace.kept(stage, key), times), folder / "part-00000.parquet")
        ended = repeated(workspace.dropped(stage, key), times)
        pq.write_table(ended, folder / "dropped-00000.parquet")
        manifest = workspace.manifest(stage, key)
        manifest["files"] = {}
        (folder / "manifest.json").write_text(json.dumps(manifest))


def check(config: Path, root: Path, keys: dict[str, str]) -> dict[str, Any]:
    """CPU seconds of each suite in this process, from its first import on; and how they ended."""
    settings, workspace = load_config(config), Workspace(root)
    seconds, failed, asked = {}, [], 0
    for boundary, stage in BOUNDARIES.items():
        start = time.process_time()
        result = check_boundary(boundary, keys[stage], settings, workspace)
        seconds[boundary] = round(time.process_time() - start, 2)
        asked += sum(not e["skipped"] for e in result["expectations"])
        failed += [e["sentence"] for e in result["expectations"] if not e["success"]]
    return {"seconds": seconds, "checked": asked, "failed": failed}


def checked(config: Path, root: Path, keys: dict[str, str]) -> dict[str, Any]:
    """The same in a process of its own, with the whole CPU time of that process."""
    command = [sys.executable, __file__, "--check", str(config), str(root), json.dumps(keys)]
    before = _cpu_of_children()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    total = round(_cpu_of_children() - before, 2)
    return {"total_seconds": total, **json.loads(done.stdout.splitlines()[-1])}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print and store the seconds of stages and suites and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--checked", type=int, default=200_000)
    parser.add_argument("--check", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.check:
        config, root, keys = given.check
        print(json.dumps(check(Path(config), Path(root), json.loads(keys))))
        return
    some = texts()
    pairs = random.Random(1)  # noqa: S311
    made = [" ".join(pairs.sample(some, 2)) for _ in range(given.rows + WARM_UP)]
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "warm", made[given.rows :])
        _, workspace, keys, seconds = build(Path(folder) / "stages", made[: given.rows])
        times = -(-given.checked // given.rows)
        enlarge(workspace, keys, Path(folder) / "large", times)
        path = Path(folder) / "stages" / "srllm.yaml"
        few = checked(path, workspace.root, keys)
        many = checked(path, Path(folder) / "large", keys)
        rows = {s: workspace.manifest(s, k)["rows_kept"] for s, k in keys.items()}
    total = round(sum(seconds.values()), 2)
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "cores": os.cpu_count(),
        "stages": {
            "gathered": given.rows,
            "rows_kept": rows,
            "seconds": seconds,
            "total_seconds": total,
        },
        "suites": {
            str(given.rows): few,
            str(given.rows * times): many,
        },
        "stages_seconds_extrapolated": {str(given.rows * times): round(total * times)},
        "suites_over_stages": {
            str(given.rows): round(few["total_seconds"] / total, 4),
            str(given.rows * times): round(many["total_seconds"] / (total * times), 4),
        },
        "note": "CPU seconds. Stages were run over the fewer rows only, without the encoder; for "
        "the more rows they are extrapolated linearly. The suites' time is that of a process of "
        "its own, imports and models included.",
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
