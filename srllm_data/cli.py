"""The command ``srllm``. Heavy imports live inside the commands, so that ``--help`` is instant."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from srllm_data import __version__, cli_evaluate, cli_train
from srllm_data.errors import QualityError, SrllmError

app = typer.Typer(
    help="Build datasets of biased text beside safe rewrites that keep every fact.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", show_default=True)
]
WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Use this workspace instead.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RowArgument = Annotated[str, typer.Argument(help="The row's id, or the start of it.")]
DEFAULT_CONFIG = Path("srllm.yaml")


def main() -> None:
    """Run the command line; errors of srllm end in one sentence and a non-zero exit code."""
    try:
        app()
    except SrllmError as error:
        print(f"srllm: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as stop:
        # Typer turns Ctrl-C into this exit code.
        if isinstance(stop, SystemExit) and stop.code != 130:
            raise
        print(
            "srllm: Stopped; everything finished so far is kept, and the same command (of train, "
            "with --resume) goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        log = _traceback_file()
        print(
            f"srllm: Unexpected {type(error).__name__}; everything finished so far is kept. "
            f"Please report it with {log}.",
            file=sys.stderr,
        )
        sys.exit(70)


def _traceback_file() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="srllm-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name


def _version(asked: bool) -> None:
    if asked:
        print(f"srllm {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_CONFIG,
) -> None:
    """Write a commented configuration to start from."""
    from srllm_data.workspace import write_atomically

    if path.exists():
        raise SrllmError(f"{path} exists already; remove it or name another file.")
    template = Path(__file__).parent / "templates" / "srllm.yaml"
    write_atomically(path, template.read_bytes())
    print(f"Wrote {path}; set its sources, then run: srllm config --check -c {path}")


@app.command()
def config(
    config: ConfigOption = DEFAULT_CONFIG,
    check: Annotated[bool, typer.Option("--check", help="Only say whether it is valid.")] = False,
) -> None:
    """Print the configuration as it will be used, environment included."""
    import yaml

    from srllm_data.config import load_config

    loaded = load_config(config)
    if check:
        print(f"{config} is valid: {len(loaded.gather.sources)} source(s).")
    else:
        print(yaml.safe_dump(loaded.model_dump(by_alias=True), sort_keys=False), end="")


@app.command()
def build(
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    source: Annotated[list[str] | None, typer.Option(help="Read only this source.")] = None,
    from_stage: Annotated[str | None, typer.Option("--from", help="First stage.")] = None,
    until_stage: Annotated[str | None, typer.Option("--until", help="Last stage.")] = None,
    only_stage: Annotated[str | None, typer.Option("--only", help="The only stage.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compute the stages again even where they are stored.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Run what sends nothing, then estimate requests and cost."),
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Run the flow build-dataset: gather, clean, …, release. Stored stages are not run again."""
    from srllm_data.config import load_config
    from srllm_data.local_prefect import local_prefect
    from srllm_data.plan import stage_range
    from srllm_data.progress import interruptible

    loaded = load_config(config, workspace, source)
    stage_range(from_stage, until_stage, only_stage)
    if dry_run:
        from srllm_data import cli_rewrite

        with interruptible():
            found = cli_rewrite.dry_run(loaded)
        if json_:
            print(json.dumps(found, indent=2))
        else:
            cli_rewrite.print_dry_run(found, loaded)
        return
    with interruptible(), local_prefect(Path(loaded.workspace)):
        from flows.build_dataset import build_dataset

        run = build_dataset(
            config=str(config),
            sources=source,
            from_stage=from_stage,
            until_stage=until_stage,
            only_stage=only_stage,
            force=force,
            workspace=str(workspace) if workspace else None,
        )
    if json_:
        print(json.dumps(run, indent=2))
    else:
        _print_run(run, config, workspace)


@app.command()
def rewrite(
    text: Annotated[str | None, typer.Argument(help="The text; - reads standard input.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Rewrite every line of this file.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json_: JsonOption = False,
) -> None:
    """Rewrite a text: prints the rewrite, a word diff and the scores of the gates."""
    from srllm_data import cli_rewrite
    from srllm_data.config import load_config, without_sources

    missing = config == DEFAULT_CONFIG and not config.exists()
    loaded = without_sources() if missing else load_config(config)
    texts = cli_rewrite.read_texts(text, file)
    if not texts:
        raise SrllmError("There is no text to rewrite.")
    from srllm_data.one_off import rewrite_texts
    from srllm_data.progress import interruptible

    with interruptible():
        results = rewrite_texts(texts, loaded)
    if json_:
        for result in results:
            print(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        cli_rewrite.print_rewritten(results)
    if any(r.rewrite is None for r in results):
        raise typer.Exit(1)


@app.command()
def status(
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Say for each stage whether it is fresh, stale or missing, and why."""
    from srllm_data.config import load_config
    from srllm_data.plan import freshness, make_plan
    from srllm_data.workspace import Workspace

    loaded = load_config(config, workspace)
    place = Workspace(Path(loaded.workspace))
    found = freshness(make_plan(loaded, place), place)
    if json_:
        print(json.dumps(found, indent=2))
        return
    for line in found:
        print(f"{line['stage']:<12} {line['state']:<8} {line['why']}")


@app.command()
def explain(
    row_id: RowArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    text: Annotated[bool, typer.Option("--text", help="Show the texts; they may offend.")] = False,
    json_: JsonOption = False,
) -> None:
    """Print one row's whole way through the newest run."""
    from srllm_data.account import trace
    from srllm_data.explain import hide_texts, lines

    place, keys = _newest(config, workspace)
    way = trace(place, keys, row_id)
    if not text:
        way = hide_texts(way)
    if json_:
        print(json.dumps(way, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(way)))
        if not text:
            print("(texts are hidden; --text shows them)")


@app.command()
def report(
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Print the funnel of the newest run and the path of its report."""
    from srllm_data.config import load_config
    from srllm_data.workspace import Workspace

    run = Workspace(Path(load_config(config, workspace).workspace)).last_run()
    if json_:
        print(json.dumps(run, indent=2))
    else:
        _print_run(run, config, workspace)


@app.command()
def review(
    row_id: Annotated[str | None, typer.Argument(help="The row to decide about.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Release its rewrite.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Leave it out for good.")] = False,
    edit: Annotated[str | None, typer.Option("--edit", help="Release this rewrite.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    reviewer: Annotated[
        str | None, typer.Option(envvar="SRLLM_REVIEWER", help="Who decides.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show the texts; they may offend.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Decide in a browser, on this machine only.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --serve: where; 0 is any that is free.")
    ] = 8765,
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List the rows that wait for a curator, or decide about one; the next build applies it.

    With --serve, do both on a page in the browser, until Ctrl-C.
    """
    from srllm_data.explain import held_rows
    from srllm_data.workspace import digest

    place, keys = _newest(config, workspace)
    held = held_rows(place, keys)
    if serve:
        if row_id or accept or reject or edit is not None:
            raise SrllmError("Give --serve without a row and a decision; the page asks for them.")
        from srllm_data.review_page.serve import serve as run

        program, options = _again(config, workspace)
        run(place, port, reviewer or "", f"{program} build{options}")
        return
    if row_id is None:
        if not text:
            held = [{k: v for k, v in r.items() if k not in ("text", "rewrite")} for r in held]
        if json_:
            print(json.dumps(held, indent=2, ensure_ascii=False))
            return
        for row in held:
            print(f"{row['id']}  {row['source']}  {'; '.join(row['reasons'])}")
            if text:
                print(f"    text:    {row['text']}\n    rewrite: {row['rewrite']}")
        print(
            f"{len(held):,} row(s) wait. Decide: srllm review --serve, or srllm review ID "
            "--accept | --reject | --edit TEXT"
        )
        return
    if accept + reject + (edit is not None) != 1:
        raise SrllmError("Give exactly one of --accept, --reject and --edit.")
    if edit is not None and not edit.strip():
        raise SrllmError("An edit needs a text; use --reject to leave the row out.")
    if not reviewer:
        raise SrllmError("A decision needs a name; give --reviewer or set SRLLM_REVIEWER.")
    found = [r for r in held if r["id"].startswith(row_id)]
    if len(found) != 1:
        raise SrllmError(f"{len(found)} waiting rows match '{row_id}'; 'srllm review' lists them.")
    from srllm_data.decisions import DecisionLog

    row = found[0]
    action = "accept" if accept else "reject" if reject else "edit"
    shown = edit if edit is not None else row["rewrite"]
    DecisionLog(place.decisions).add(row["id"], action, row["text"], shown, reviewer, note)
    print(f"Recorded {action} of {row['id']} ({digest(row['text'])[:8]}); run 'srllm build'.")


@app.command()
def expectations(
    suite: Annotated[str | None, typer.Argument(help="Explain this suite.")] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Try it on the newest run's output; stores nothing.")
    ] = False,
    rows: Annotated[
        Path | None, typer.Option("--rows", help="Try it on a Parquet file, or a stage's folder.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List the suites of expectations, explain one, or try it on the output of a stage."""
    from srllm_data import cli_expectations
    from srllm_data.config import load_config, without_sources

    missing = config == DEFAULT_CONFIG and not config.exists()
    loaded = without_sources() if missing else load_config(config, workspace)
    if suite is None:
        if run or rows:
            raise SrllmError("Name the suite to try; 'srllm expectations' lists them.")
        suites = cli_expectations.listed(loaded)
        if json_:
            print(json.dumps(suites, indent=2))
        else:
            cli_expectations.print_listed(suites)
        return
    if not run and rows is None:
        told = cli_expectations.explained(suite, loaded)
        if json_:
            print(json.dumps(told, indent=2))
        else:
            cli_expectations.print_explained(suite, told)
        return
    if run and rows:
        raise SrllmError("Give either --run or --rows, not both.")
    result = cli_expectations.tried(suite, loaded, rows)
    if json_:
        print(json.dumps(result, indent=2))
    else:
        cli_expectations.print_tried(result)
    if any(e["severity"] == "critical" and not e["success"] for e in result["expectations"]):
        raise typer.Exit(QualityError.exit_code)


app.add_typer(cli_train.app, name="train")
app.command()(cli_evaluate.evaluate)


@app.command()
def export(
    release: Annotated[Path, typer.Argument(help="The release's folder.")],
    out: Annotated[Path, typer.Option("--out", help="File to write: .jsonl, .csv or .parquet.")],
    surrogates: Annotated[
        bool, typer.Option("--surrogates", help="Replace placeholders by realistic stand-ins.")
    ] = False,
    preferences: Annotated[
        bool, typer.Option("--preferences", help="Export the preference pairs instead.")
    ] = False,
) -> None:
    """Write a release's pairs of text and rewrite to one file, for training."""
    from srllm_data.export import export as write

    print(f"Wrote {write(release, out, surrogates, preferences):,} rows to {out}.")


@app.command()
def mapping(
    row_id: Annotated[str | None, typer.Argument(help="With --open: the row to read back.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the mapping here.")] = None,
    open_: Annotated[
        Path | None, typer.Option("--open", help="Print one row's values; they are personal data.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    workspace: WorkspaceOption = None,
) -> None:
    """Write or read what placeholders stand for, encrypted with SRLLM_MAPPING_KEY."""
    from srllm_data.mapping import read_mapping, write_mapping

    if (out is None) == (open_ is None) or (open_ is None) != (row_id is None):
        raise SrllmError("Give either --out FILE, or --open FILE and a row's id.")
    if open_:
        found = read_mapping(open_, str(row_id))
        for placeholder, spellings in found.items():
            print(f"{placeholder}  {' | '.join(spellings)}")
    elif out:
        from srllm_data.config import load_config

        place, keys = _newest(config, workspace)
        rows = write_mapping(place, keys, load_config(config, workspace).redact, out)
        print(f"Wrote what placeholders of {rows:,} row(s) stand for to {out}; keep it apart.")


def _newest(config: Path, workspace: Path | None) -> tuple[Any, dict[str, str]]:
    from srllm_data.config import load_config
    from srllm_data.workspace import Workspace

    place = Workspace(Path(load_config(config, workspace).workspace))
    return place, {s: v["key"] for s, v in place.last_run()["stages"].items()}


def _print_run(run: dict[str, Any], config: Path, workspace: Path | None) -> None:
    from srllm_data.explain import print_funnel

    print_funnel(run)
    print(f"Release  {run['release'] or 'none in this run'}")
    print(f"Report   {run['report']}")
    if run.get("training"):
        print(f"Adapter  {run['training']['why']}")
    program, options = _again(config, workspace)
    print("\nNext:")
    print(f"  {program} review{options} --serve  # decide about the rows that wait, in a browser")
    print(f"  {program} explain{options} ROW_ID  # one row's whole way")
    print(f"  {program} status{options}          # what a rebuild would compute, and why")


def _again(config: Path, workspace: Path | None) -> tuple[str, str]:
    """The program as it can be called again, and the options that this call was given."""
    options = "" if config == DEFAULT_CONFIG else f" -c {config}"
    options += f" -w {workspace}" if workspace else ""
    return "srllm" if shutil.which("srllm") else sys.argv[0], options
