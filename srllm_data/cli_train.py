"""``srllm train``: adapters from releases, and the models that come with srllm."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from srllm_data.errors import not_installed

app = typer.Typer(help="Train rewriters from releases.", no_args_is_help=True)

ReleaseArgument = Annotated[
    Path, typer.Argument(help="A release's folder, or one with train.jsonl and validation.jsonl.")
]
RecipeOption = Annotated[str, typer.Option("--recipe", "-r", help="Name of a recipe, or a file.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the adapter.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: epochs=2. May be repeated.")
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on from the newest checkpoint in --out.")
]
DEFAULT_CONFIG = Path("srllm.yaml")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.callback()
def _train() -> None:
    pass


@app.command()
def sft(
    release: ReleaseArgument,
    out: OutOption,
    recipe: RecipeOption = "embedded",
    set_: SetOption = None,
    start: Annotated[Path | None, typer.Option("--start", help="Go on from this adapter.")] = None,
    resume: ResumeOption = False,
    json_: JsonOption = False,
) -> None:
    """Train on a release's pairs of text and rewrite."""
    _run("sft", release, out, recipe, set_, start, resume, json_)


@app.command()
def dpo(
    release: ReleaseArgument,
    out: OutOption,
    recipe: RecipeOption = "embedded",
    set_: SetOption = None,
    start: Annotated[
        Path | None, typer.Option("--start", help="Go on from this adapter, such as sft made.")
    ] = None,
    resume: ResumeOption = False,
    json_: JsonOption = False,
) -> None:
    """Train on a release's preference pairs: better and worse answers to one text."""
    _run("dpo", release, out, recipe, set_, start, resume, json_)


@app.command()
def merge(
    adapter: Annotated[
        Path, typer.Argument(help="An adapter's folder: the --out of its training.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the merged model.")],
    force: Annotated[bool, typer.Option("--force", help="Merge an unfit adapter, too.")] = False,
    json_: JsonOption = False,
) -> None:
    """Merge an adapter into its base: one plain model for servers, or to convert to GGUF."""
    with installed():
        from srllm_train.merge import merge

        record = merge(adapter, out, force)
    if json_:
        print(json.dumps(record, indent=2))
        return
    print(f"Merged   {out}\nServe    transformers serve {out}")
    if (out / "prompt.md").exists():
        print(
            f"Ask      rewrite: {{model: {out}, base_url: http://127.0.0.1:8000/v1, "
            f"prompt: {out / 'prompt.md'}}}"
        )


@app.command()
def rewriter(
    data: Annotated[Path, typer.Option("--data", help="Folder with the openly licensed sets.")],
    out: OutOption,
    set_: SetOption = None,
) -> None:
    """Train the adapter that comes with srllm, on its own pairs and openly licensed ones."""
    with installed():
        from srllm_train.embedded import train
        from srllm_train.recipe import load_recipe

        record = train(data, out, load_recipe("embedded", set_ or ()), _say(False))
    _print(record, out)
    if record["unfit"]:
        raise typer.Exit(3)


@app.command()
def labellers(
    data: Annotated[Path, typer.Option("--data", help="Folder with the labelled sets.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the classifiers and their card.")],
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave this set out; may be repeated.")
    ] = None,
) -> None:
    """Train the embedded classifiers on labelled texts, and write their card."""
    with installed():
        from srllm_train.labellers import train

        train(data, out, without=tuple(without or ()))


@app.command()
def scorers(
    data: Annotated[Path, typer.Option("--data", help="Folder with the openly licensed sets.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the scorers and their record.")],
) -> None:
    """Train the scorers of style and fluency that evaluation uses, on pairs."""
    with installed():
        from srllm_train.evaluation.style import train

        found = train(data, out, _say(False))
    print(f"AUROC of style {found['auroc']}, of fluency {found['fluency']['auroc']}\nWrote {out}")


@app.command(name="list")
def list_(
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The configuration file.")
    ] = DEFAULT_CONFIG,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="Use this workspace instead.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """List the adapters that builds have trained, and what was decided about each."""
    from srllm_data.config import load_config
    from srllm_data.workspace import Workspace
    from srllm_train.adapters import Adapters

    place = Workspace(Path(load_config(config, workspace).workspace))
    found = Adapters(place.adapters).listed()
    if json_:
        print(json.dumps(found, indent=2))
        return
    for adapter in found:
        print(f"{adapter['adapter']}  {adapter['state']:<12}  {adapter.get('why', '')}".rstrip())
    if not any(adapter["state"] == "in use" for adapter in found):
        print("None was promoted yet; what rewrite.adapter names is in use.")


def _run(
    kind: Literal["sft", "dpo"],
    release: Path,
    out: Path,
    recipe: str,
    changes: list[str] | None,
    start: Path | None,
    resume: bool,
    json_: bool,
) -> None:
    with installed():
        from srllm_train import ranks
        from srllm_train.recipe import load_recipe
        from srllm_train.run import train

        with ranks.together():
            settings = load_recipe(recipe, changes or ())
            record = train(kind, release, settings, out, start, resume, _say(json_))
    if not ranks.is_main():
        return
    if json_:
        print(json.dumps(record, indent=2))
    else:
        _print(record, out)
    if record["unfit"]:
        raise typer.Exit(3)


def _say(quiet: bool) -> Callable[[str], None]:
    return (lambda line: print(line, flush=True)) if not quiet else lambda line: None


@contextmanager
def installed(what: str = "Training") -> Iterator[None]:
    """Let Ctrl-C stop what is inside for certain; say what has to be installed for it."""
    from srllm_data.progress import interruptible

    try:
        with interruptible():
            yield
    except ImportError as missing:
        raise not_installed(what, missing) from None


def _print(record: dict[str, Any], out: Path) -> None:
    dev, spent = record["dev"], record["measured"]
    print(
        f"\nTrained {record['steps']:,} steps in {spent['seconds']:,.0f} s; on dev rows edit F1 "
        f"{dev['edit_f1']:.3f}, neutral ones unchanged {dev['unchanged']:.3f}."
    )
    print(f"Adapter  {out}\nCard     {out / 'README.md'}")
