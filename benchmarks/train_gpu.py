"""How fast does srllm train on a GPU, against TRL's own script, and which choice is worth what?

Every variant is a process of its own on the same card, rows, seed, rank, rate and schedule, one
after the other; while one trains, the next only imports and waits. *135M* is SmolLM2-135M-Instruct
with its real weights, so that its dev loss tells whether a faster way still learns the same; *1.5B*
and *7B* are random weights of the shapes of Qwen2.5-1.5B and Llama-2-7B, for speed and memory.

    plain         TRL's script given a model, data and LoRA: 8 rows a step, float32 base weights
                  under bf16 autocast, gradient checkpointing, padding; then kinder to it, by and by
    ours          srllm_train: bf16 base, no checkpointing, rows packed and kept apart, torch's
                  variable-length attention, TRL's fused head; then with one thing changed each
    QLoRA         the recipe sr-llm, where bitsandbytes is installed

Tokens a second are those of rows, without padding, over the steady steps (the first tenth and at
least five are left out); memory is the most that torch allocated while training; MFU counts 4
operations a weight and 2 more a trained one. The dev loss is computed by one function for all: the
adapter on a fresh float32 base.

    python benchmarks/train_gpu.py FOLDER           # writes benchmarks/results/train_gpu.json
    python benchmarks/train_gpu.py FOLDER --tiny    # the same way on a CPU, with a toy network
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from train_gpu_variant import Setting, Variant, prepare, run

RESULTS = Path(__file__).parent / "results" / "train_gpu.json"
_LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "triton")


def variants() -> list[Variant]:
    """What is run, the most important first."""

    def plain(name: str, shape: str, **how: Any) -> Variant:
        usual: dict[str, Any] = {
            "rows": 8,
            "checkpointing": True,
            "base": "fp32",
            "way": "padded",
            "attention": "sdpa",
        }
        return Variant(name, shape, "plain", **(usual | how))

    return [
        plain("plain", "135M"),
        plain("plain, 64 rows", "135M", rows=64),
        Variant("ours", "135M"),
        plain("plain, 64 rows, no checkpointing", "135M", rows=64, checkpointing=False),
        Variant("ours + compiled layers", "135M", compile="layers"),
        plain("plain", "1.5B"),
        Variant("ours", "1.5B"),
        plain("plain, 64 rows", "1.5B", rows=64),
        Variant("ours + compiled layers", "1.5B", compile="layers"),
        plain("plain", "7B"),
        Variant("ours + checkpointing", "7B", checkpointing=True),
        Variant("ours, 32 rows", "7B", rows=32),
        Variant("ours, padded by length", "135M", way="padded", attention="sdpa"),
        Variant("ours, packed, sdpa", "135M", attention="sdpa"),
        Variant("ours, padding-free", "135M", way="padding-free"),
        Variant("ours, loss not fused", "135M", fused=False),
        Variant("ours + checkpointing", "135M", checkpointing=True),
        plain(
            "plain, 64 rows, no checkpointing, bf16",
            "1.5B",
            rows=64,
            checkpointing=False,
            base="bf16",
        ),
        Variant("ours + checkpointing", "1.5B", checkpointing=True),
        Variant("ours, 32 rows + compiled layers", "7B", rows=32, compile="layers"),
        Variant("QLoRA, the paper's", "7B", "qlora", 16, precision="fp16"),
        Variant("QLoRA, bf16", "7B", "qlora", 16),
        Variant("ours, packed, sdpa", "1.5B", attention="sdpa"),
        Variant("ours, padded by length", "1.5B", way="padded", attention="sdpa"),
        Variant("ours, packed, flex", "135M", attention="flex_attention"),
        Variant("ours, loss not fused", "1.5B", fused=False),
        plain("plain, 64 rows", "7B", rows=64),
        Variant("ours, deterministic", "135M", deterministic=True),
        plain(
            "plain, 64 rows, no checkpointing, bf16",
            "135M",
            rows=64,
            checkpointing=False,
            base="bf16",
        ),
        Variant("ours + compiled whole", "135M", compile="whole"),
    ]


def main() -> None:
    """Run the variants, keep every result, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="holds train.jsonl and validation.jsonl")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--base", default="smollm2", help="smollm2, or the folder it is in")
    parser.add_argument("--rows", type=int, default=3200, help="rows to train on at most")
    parser.add_argument("--epochs", type=float, default=1.0, help="over them, by 135M")
    parser.add_argument("--steps", type=int, default=30, help="of the bigger shapes")
    parser.add_argument("--seconds", type=float, default=25, help="of training by a bigger shape")
    parser.add_argument("--limit", type=float, default=110, help="seconds of a whole variant")
    parser.add_argument("--minutes", type=float, default=8, help="of everything")
    parser.add_argument("--only", nargs="*", default=[], help="'135M: ours' and the like")
    parser.add_argument("--tiny", action="store_true", help="a toy network, four steps")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help="folder for what is written on the way")
    args = parser.parse_args()
    if args.one:
        _one(args)
        return
    with tempfile.TemporaryDirectory() as work:
        args.work = args.work or Path(work)
        args.work.mkdir(parents=True, exist_ok=True)
        _all(args)


def _chosen(args: argparse.Namespace) -> list[Variant]:
    found = [v for v in variants() if not args.only or _key(v) in args.only]
    if not args.tiny:
        return found
    # Shapes are the same then, so each way runs once.
    small = {v.name: replace(v, shape="tiny", rows=min(v.rows, 16)) for v in found}
    return list(small.values())


def _key(variant: Variant) -> str:
    return f"{variant.shape}: {variant.name}"


def _one(args: argparse.Namespace) -> None:
    """What a process does: get ready, wait for its turn, train one variant, write its record."""
    variant = next(v for v in _chosen(args) if _key(v) == args.one)
    setting = Setting(
        args.folder,
        args.work,
        args.base,
        args.rows,
        args.epochs,
        args.steps,
        args.seconds,
        args.tiny,
    )
    record: dict[str, Any] = {}
    try:
        # Slow to import, and no part of what is measured.
        import datasets  # noqa: F401
        import trl  # noqa: F401
        from peft import LoraConfig  # noqa: F401
        from trl import SFTTrainer  # noqa: F401

        import srllm_train.trainers  # noqa: F401

        train, dev = prepare(setting)
        if not sys.stdin.readline():
            return
        record = run(variant, setting, train, dev)
    except Exception as error:
        import traceback

        traceback.print_exc()
        record = {"failed": _why(error)}
    _write(args.out, record)


def _all(args: argparse.Namespace) -> None:
    began = time.monotonic()
    found: dict[str, Any] = {
        "folder": args.folder.name,
        "rows": sum(1 for _ in (args.folder / "train.jsonl").open()),
        "settings": {n: getattr(args, n) for n in ("rows", "epochs", "steps", "seconds", "tiny")},
        **_machine(),
        "variants": [],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    chosen = _chosen(args)
    ahead = _start(chosen[0], args, 0) if chosen else None
    for number, variant in enumerate(chosen):
        child, ahead = ahead, None
        left = args.minutes * 60 - (time.monotonic() - began)
        record: dict[str, Any] = {"failed": "not run, the time was up"}
        at = time.monotonic()
        if left > 10 and child is not None:
            if number + 1 < len(chosen):
                ahead = _start(chosen[number + 1], args, number + 1)
            record = _finished(child, args, number, min(args.limit, left))
        elif child is not None:
            child.communicate()
        record["wall_seconds"] = round(time.monotonic() - at, 1)
        found["variants"].append({**asdict(variant), "result": record})
        _write(args.out, found)
        print(_line(variant, record), flush=True)
    print(_table(found))


def _start(variant: Variant, args: argparse.Namespace, number: int) -> "subprocess.Popen[bytes]":
    """A process that gets ready for ``variant`` and waits for a line on its input."""
    command = [sys.executable, __file__, str(args.folder), "--one", _key(variant)]
    command += ["--out", str(args.work / f"{number}.json"), "--work", str(args.work)]
    for name in ("base", "rows", "epochs", "steps", "seconds"):
        command += [f"--{name}", str(getattr(args, name))]
    if args.tiny:
        command.append("--tiny")
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    with (args.work / f"{number}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | quiet,
        )


def _finished(
    child: "subprocess.Popen[bytes]", args: argparse.Namespace, number: int, limit: float
) -> dict[str, Any]:
    try:
        child.communicate(b"go\n", timeout=limit)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return {"failed": f"not done after {limit:.0f} s"}
    except BrokenPipeError:
        child.wait()
    path = args.work / f"{number}.json"
    log = (args.work / f"{number}.log").read_text("utf-8", "replace").splitlines()
    if not path.is_file():
        return {"failed": f"ended with {child.returncode}: {log[-1][:300] if log else ''}"}
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if "failed" in record:
        record["log"] = log[-25:]
    return record


def _why(error: BaseException) -> str:
    """``error`` in one line."""
    said = " ".join(str(error).split())
    if "out of memory" in said:
        return "out of memory"
    return f"{type(error).__name__}: {said[:300]}"


def _write(path: Path, record: dict[str, Any]) -> None:
    """Write ``record`` whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    draft.replace(path)


def _machine() -> dict[str, Any]:
    said = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    ) if _has("nvidia-smi") else None  # fmt: skip
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            libraries[name] = None
    return {
        "gpu": said.stdout.strip() if said else None,
        "python": sys.version.split()[0],
        "cpus": os.cpu_count(),
        "libraries": libraries,
    }


def _has(program: str) -> bool:
    from shutil import which

    return which(program) is not None


def _line(variant: Variant, record: dict[str, Any]) -> str:
    if "failed" in record:
        return f"{_key(variant)}: {record['failed']} ({record['wall_seconds']} s)"
    return (
        f"{_key(variant)}: {record['tokens_per_second']:,.0f} tokens/s ({record['wall_seconds']} s)"
    )


def _table(found: dict[str, Any]) -> str:
    """The results as text; times: against plain of the same shape."""
    shapes = dict.fromkeys(v["shape"] for v in found["variants"])
    lines = [
        f"\n{found['gpu'] or 'CPU'}, torch {found['libraries']['torch']}",
        f"{'':46}{'rows/step':>9}{'tokens/s':>10}{'times':>7}{'rows/s':>8}{'GiB':>7}{'MFU':>7}"
        f"{'pad':>6}{'dev loss':>9}{'s':>7}",
    ]
    for shape in shapes:
        some = [v for v in found["variants"] if v["shape"] == shape]
        plain = next((v["result"] for v in some if v["name"] == "plain"), {})
        for v in some:
            r, name = v["result"], f"{shape}: {v['name']}"
            if "failed" in r:
                lines.append(f"{name:46} {r['failed'][:100]}")
                continue
            base = plain.get("tokens_per_second")
            times = f"{r['tokens_per_second'] / base:.2f}" if base else "-"
            used = f"{r['mfu']:.1%}" if r["mfu"] is not None else "-"
            loss = f"{r['dev_loss']['nats']:.4f}" if "dev_loss" in r else "-"
            lines.append(
                f"{name:46}{r['rows_per_step']:>9.1f}{r['tokens_per_second']:>10,.0f}{times:>7}"
                f"{r['rows_per_second']:>8,.0f}{r['peak_gib']:>7.1f}{used:>7}{r['padding']:>6.0%}"
                f"{loss:>9}{r['seconds']:>7.1f}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
