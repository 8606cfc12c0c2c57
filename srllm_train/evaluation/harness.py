"""Any task of lm-evaluation-harness (Gao et al., EleutherAI), by its name or its YAML file."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any

from srllm_data.errors import SrllmError
from srllm_data.workspace import file_digest
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Measure, Member, Row, Values
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.sources import ordered

PACKAGE = "lm_eval"
#: Texts that are read together.
_BATCH = 8
#: What beside a task's file may belong to it.
_PARTS = {".yaml", ".yml", ".py", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".parquet"}


class CannotRun(SrllmError):
    """A task cannot be run here; the others go on."""


def tried(bench: Bench, member: Member, task: str) -> dict[str, Any]:
    """What the package finds of ``member`` on ``task``, remembered.

    task: a name of the package's, of a task, tag or group, or the path of a YAML file. Of each
    of its tasks at most ``bench.most`` documents are tried. Returns by task ``version``, ``shots``,
    ``higher`` (by metric, whether more is better), ``figures`` (the package's own) and
    ``documents`` (by number, the metrics that are single numbers). Raises CannotRun.
    """
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        raise CannotRun(
            "lm-evaluation-harness is not installed; run 'pip install srllm[harness]'."
        ) from None
    path, is_file = Path(task), _is_file(task)
    if is_file and not path.is_file():
        raise CannotRun(f"{task} is not there; name a YAML file of a task.")
    parts = {p.name: file_digest(p) for p in _parts(path)} if is_file else {}
    [found] = bench.cache.many(
        PACKAGE,
        member.read_by,
        [[label(task), parts, installed, bench.most, bench.seed]],
        lambda _: [_run(bench.network(member), task, bench.most, bench.seed)],
        says=f"lm-evaluation-harness: {label(task)}",
    )
    return dict(found)


def rows_and_values(task: str, found: dict[str, Any]) -> tuple[list[Row], Values]:
    """A row for each document, and its metrics in columns named by :func:`column`."""
    rows, values = [], {}
    for name, about in found.items():
        for number, metrics in about["documents"].items():
            row = Row(f"{label(task)} {name} {number}", "", source=label(task), group=name)
            rows.append(row)
            values[row.id] = {column(task, metric): value for metric, value in metrics.items()}
    return rows, values


def measures(task: str, found: dict[str, Any]) -> list[Measure]:
    """One for each metric of which the package's own figure is the mean over documents."""
    directions: dict[str, bool] = {}
    for about in found.values():
        for metric, higher in about["higher"].items():
            values = [d[metric] for d in about["documents"].values() if metric in d]
            figure = about["figures"].get(metric)
            if (
                values
                and figure is not None
                and math.isclose(sum(values) / len(values), figure, abs_tol=1e-6)
            ):
                directions[metric] = higher
    shots = sorted({about["shots"] for about in found.values()})
    versions = sorted({str(about["version"]) for about in found.values()})
    return [
        Measure(
            name=column(task, metric),
            says=f"Mean over all documents of {label(task)} (version {', '.join(versions)}, "
            f"{'/'.join(map(str, shots))}-shot), by lm-evaluation-harness {version(PACKAGE)}.",
            columns=(column(task, metric),),
            better="higher" if higher else "lower",
        )
        for metric, higher in sorted(directions.items())
    ]


def column(task: str, metric: str) -> str:
    """Name of the column of ``metric``, and of its measure."""
    return f"{label(task)} {metric}"


def label(task: str) -> str:
    """What a task is called in a report: without the folders of its file."""
    return Path(task).stem if _is_file(task) else task


def _is_file(task: str) -> bool:
    return task.endswith((".yaml", ".yml"))


def _parts(path: Path) -> Iterator[Path]:
    return (p for p in sorted(path.parent.iterdir()) if p.is_file() and p.suffix in _PARTS)


def _run(network: Network, task: str, most: int | None, seed: int) -> dict[str, Any]:
    # Its imports take seconds and, without a hub, minutes of waiting for one.
    with _hushed():
        import lm_eval
        from lm_eval.models.huggingface import HFLM
        from transformers import set_seed

        manager = _tasks()
        if task not in manager.task_index and not Path(task).is_file():
            raise CannotRun(
                f"lm-evaluation-harness has no task '{task}'; 'lm_eval ls tasks' prints those that "
                f"it has."
            )
        try:
            loaded = manager.load([task])
            tasks = loaded["tasks"]
            for one in tasks.values():
                if one.get_config("num_fewshot") is None:
                    one.set_config(key="num_fewshot", value=0)
                one.set_fewshot_seed(seed=seed)
            set_seed(seed)
            said = lm_eval.evaluate(
                lm=HFLM(pretrained=network.weights, tokenizer=network.tokenizer, batch_size=_BATCH),
                task_dict=loaded,
                samples=None if most is None else _samples(tasks, most, seed),
                bootstrap_iters=0,
            )
        except Exception as error:
            why = " ".join(str(error).split())[:200]
            raise CannotRun(
                f"lm-evaluation-harness cannot run '{task}' ({type(error).__name__}: {why}); mend "
                f"or leave out that task."
            ) from None
    return {name: _about(name, said) for name in sorted(said["samples"])}


@lru_cache(maxsize=1)
def _tasks() -> Any:
    """The package's thousands of tasks, which take seconds to find."""
    from lm_eval.tasks import TaskManager

    return TaskManager()


def _samples(tasks: dict[str, Any], most: int, seed: int) -> dict[str, list[int]]:
    """Numbers of at most ``most`` documents of each task."""
    return {
        name: sorted(ordered(range(len(task.eval_docs)), str, seed)[:most])
        for name, task in tasks.items()
    }


def _about(name: str, said: dict[str, Any]) -> dict[str, Any]:
    documents: dict[str, dict[str, float]] = {}
    for sample in said["samples"][name]:
        numbers = documents.setdefault(str(sample["doc_id"]), {})
        for metric in sample["metrics"]:
            value = sample[metric]
            if isinstance(value, bool | int | float) or hasattr(value, "item"):
                numbers[_metric(metric, sample["filter"])] = float(value)
    figures, higher = {}, {}
    for key, value in said["results"][name].items():
        metric, _, kept = key.partition(",")
        if kept and not metric.endswith("_stderr") and isinstance(value, int | float):
            figures[_metric(metric, kept)] = float(value)
            higher[_metric(metric, kept)] = said["higher_is_better"][name].get(metric) is not False
    return {
        "version": said["versions"].get(name),
        "shots": said["n-shot"].get(name, 0),
        "higher": higher,
        "figures": figures,
        "documents": documents,
    }


def _metric(metric: str, kept: str) -> str:
    return metric if kept == "none" else f"{metric} ({kept})"


@contextmanager
def _hushed() -> Iterator[None]:
    """The package's own bars and notes would tear ours."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(before)
