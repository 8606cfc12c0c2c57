"""``srllm evaluate``: systems side by side on the same rows, and one report."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from srllm_data.cli_train import installed
from srllm_data.errors import ConfigError

DEFAULT_CONFIG = Path("srllm.yaml")
#: Rows of a source in the quick mode.
QUICK = 25


def evaluate(
    systems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYSTEM",
            help="embedded, current, build, editor, configured, an adapter's folder (A,B,C: its "
            "seeds), or a model's folder or hub id (MODEL@3, MODEL@3-nearest: with examples); "
            "NAME=... names it.",
        ),
    ] = None,
    suites: Annotated[
        list[str] | None, typer.Option("--suite", "-s", help="Only this suite; may be repeated.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="The system that others are compared with.")
    ] = None,
    on: Annotated[
        Path | None,
        typer.Option("--on", help="Rewrite these rows: a release, or a file of text and rewrite."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with local copies of the benchmarks.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", min=1, help="At most so many rows of each source.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help=f"The same as --rows {QUICK}.")] = False,
    trained_on: Annotated[
        Path | None,
        typer.Option("--trained-on", help="What the adapters learned from, for memorisation."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", help="A task of lm-evaluation-harness, too; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of samples, noise and draws.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the report.")] = None,
    again: Annotated[
        Path | None, typer.Option("--again", help="Write the pages of this saved report again.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", help="Compare two saved reports.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", help="Score a file of predictions for StereoSet; with --data."
        ),
    ] = None,
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The configuration file.")
    ] = DEFAULT_CONFIG,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="Use this workspace instead.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Evaluate systems side by side on the same rows, and write one report."""
    modes = [name for name, given in (
        ("--again", again), ("--compare", compare), ("--predictions", predictions)
    ) if given is not None]  # fmt: skip
    if len(modes) > 1 or (modes and systems):
        raise ConfigError(f"{modes[-1]} stands alone; leave out the systems and other modes.")
    with installed("Evaluation"):
        if compare is not None:
            _compare(*compare, json_)
        elif again is not None:
            _again(again, out, json_)
        elif predictions is not None:
            _predictions(predictions, data)
        else:
            from srllm_train.evaluation.run import Asked

            if quick and rows is not None:
                raise ConfigError("--quick is --rows 25; give one of them.")
            asked = Asked(
                tuple(systems or ()),
                tuple(suites or ()),
                baseline,
                on,
                data,
                QUICK if quick else rows,
                seed,
                tuple(task or ()),
                trained_on,
            )
            _evaluate(asked, config, workspace, out, json_)


def _evaluate(
    asked: Any, config: Path, workspace: Path | None, out: Path | None, json_: bool
) -> None:
    from srllm_data.config import load_config
    from srllm_data.config.load import without_sources
    from srllm_data.workspace import explained
    from srllm_train.evaluation.record import save
    from srllm_train.evaluation.run import evaluate as run

    if config == DEFAULT_CONFIG and not config.exists():
        settings = without_sources()
        if workspace:
            settings = settings.model_copy(update={"workspace": str(workspace.resolve())})
    else:
        settings = load_config(config, workspace)
    if out is not None:
        # Better now than after an hour.
        with explained(out):
            out.mkdir(parents=True, exist_ok=True)
    report = run(asked, settings)
    folder = out or Path(settings.workspace) / "evaluations" / report.digest[:8]
    save(report, folder)
    _write(report, folder, json_)


def _again(place: Path, out: Path | None, json_: bool) -> None:
    from srllm_train.evaluation.record import load

    _write(load(place), out or (place if place.is_dir() else place.parent), json_)


def _write(report: Any, folder: Path, json_: bool) -> None:
    from srllm_train.evaluation.page import write
    from srllm_train.evaluation.summary import summary
    from srllm_train.evaluation.verdict import findings

    found = findings(report)
    page = write(found, folder)
    if json_:
        print(json.dumps({"page": str(page), **found.plain()}, indent=2))
    else:
        print(f"\n{summary(found)}\nReport  {page}")


def _compare(old: Path, new: Path, json_: bool) -> None:
    from srllm_train.evaluation.compare import compare, text

    found = compare(old, new)
    print(json.dumps(found.plain(), indent=2) if json_ else text(found, sys.stdout.isatty()))


def _predictions(path: Path, data: Path | None) -> None:
    from srllm_train.evaluation.stereoset import SOURCES, from_predictions

    records = {r["id"]: r for source in SOURCES for r in source.read(data)[0]}
    print(json.dumps(from_predictions(list(records.values()), path), indent=2))
