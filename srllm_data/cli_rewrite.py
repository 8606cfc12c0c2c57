"""What ``srllm rewrite`` and ``srllm build --dry-run`` print."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.errors import SrllmError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from srllm_data.config import Config
    from srllm_data.one_off import Rewritten
    from srllm_data.plan import Plan
    from srllm_data.provider.estimate import Estimate
    from srllm_data.workspace import Workspace


def read_texts(text: str | None, file: Path | None) -> list[str]:
    """The texts to rewrite: the argument, or every line of a file or of standard input."""
    if text is not None and file is not None:
        raise SrllmError("Give either a text or --file, not both.")
    if text is not None and text != "-":
        return [text] if text.strip() else []
    try:
        if file is not None:
            raw = file.read_bytes()
        elif text is None and sys.stdin.isatty():
            raise SrllmError('Give a text, --file, or "-" to read standard input.')
        else:
            raw = sys.stdin.buffer.read()
        lines = raw.decode("utf-8").splitlines()
    except OSError as error:
        raise SrllmError(f"{file} cannot be read ({error.strerror}); correct its name.") from None
    except UnicodeDecodeError:
        raise SrllmError(f"{file or 'Standard input'} is not UTF-8; save it as UTF-8.") from None
    return [line.strip() for line in lines if line.strip()]


def print_rewritten(results: "list[Rewritten]") -> None:
    """Each rewrite, its word diff against the text, and what the gates say."""
    from rich.console import Console
    from rich.text import Text

    from srllm_data.one_off import SCORES

    console = Console(soft_wrap=True, highlight=False)
    for number, result in enumerate(results):
        if number:
            console.print()
        if result.rewrite is None:
            console.print(Text(f"no rewrite: {result.outcome.replace('_', ' ')}"), style="bold red")
            console.print(Text(result.detail))
            continue
        console.print(Text(result.rewrite))
        if result.outcome == "control":
            console.print(Text("nothing to change"), style="dim")
            continue
        console.print(marked(result.text, result.rewrite, console.is_terminal))
        style = {"accept": "bold green", "hold": "bold yellow"}.get(str(result.verdict), "bold red")
        console.print(Text(str(result.verdict), style=style), end="")
        console.print(Text(f"  by {result.by}" + (f", ${result.cost:.6f}" if result.cost else "")))
        for reason in result.reasons:
            console.print(Text(f"  - it {reason}"))
        told = [f"{n.replace('_', ' ')} {result.signals[n]:.2f}" for n in SCORES]
        console.print(Text("  " + " · ".join(told)), style="dim")


def marked(text: str, rewrite: str, colour: bool) -> "Text":
    """Words that went and came: red and green in colour, else ``[-old-]`` and ``{+new+}``."""
    from rich.text import Text

    from srllm_data.diff import word_diff

    styles = {"same": "", "del": "red strike", "ins": "green"}
    forms = {"same": "%s", "del": "[-%s-]", "ins": "{+%s+}"}
    found = Text()
    for change, words in word_diff(text, rewrite):
        if colour:
            found.append(words, styles[change])
        else:
            found.append(forms[change] % words)
    return found


def dry_run(config: "Config") -> list[dict[str, Any]]:
    """Run the stages that send nothing, then estimate what asking models would send and cost.

    Raters are not asked: rows are labelled without them, and for each the most texts that it
    would be asked about are told. The judge's estimate is of the rewrites where they are there,
    else of all texts that need one, each in the place of its rewrite, too.
    """
    import pyarrow.parquet as pq

    from srllm_data import stages
    from srllm_data.plan import make_plan
    from srllm_data.rewrite.estimate import estimate
    from srllm_data.runner import run_stage
    from srllm_data.runs import say
    from srllm_data.schema import STAGES
    from srllm_data.validate import llm_judge
    from srllm_data.workspace import Workspace

    workspace = Workspace(Path(config.workspace))
    raters = config.label.raters
    config = config.model_copy(update={"label": config.label.model_copy(update={"raters": []})})
    judge = config.validate_.judge
    edited = judge is not None and config.rewrite.model is None
    with workspace.locked():
        plan = make_plan(config, workspace)
        for name in STAGES[: STAGES.index("rewrite") + edited]:
            stored = workspace.manifest(name, plan.keys[name]) is not None
            manifest = run_stage(name, plan.keys[name], plan.components[name], config, workspace)
            say(manifest, stored)
        told = workspace.kept("label", plan.keys["label"])["priority"].to_pylist()
        worth = sum(priority >= config.label.ask_from for priority in told)
        asked: list[dict[str, Any]] = [{"rater": r.name, "most_texts": worth} for r in raters]
        parts = workspace.parts("label", plan.keys["label"])
        found: list[Estimate] = []
        if config.rewrite.model is not None:
            held_back = stages.rewriting(config)["held_back"]
            tables = (pq.read_table(p, partitioning=None) for p in parts)
            found = estimate(tables, config.rewrite, workspace.requests, held_back)
        judged = []
        if judge is not None:
            pairs = _to_judge(plan, config, workspace)
            judged = [llm_judge.estimate(pairs, judge, workspace.requests)]
    return [*asked, *(e.as_json() for e in found), *({"judge": True} | e.as_json() for e in judged)]


def _to_judge(
    plan: "Plan", config: "Config", workspace: "Workspace"
) -> "Iterator[list[tuple[str, str]]]":
    """For each part, texts and rewrites that the judge would be asked about."""
    from srllm_data import stages
    from srllm_data.runner import read_part
    from srllm_data.validate import llm_judge

    if workspace.manifest("rewrite", plan.keys["rewrite"]):
        for path in workspace.parts("rewrite", plan.keys["rewrite"]):
            rows = read_part(path)
            signals = stages.measured(rows, config, workspace)
            yield list(llm_judge.worth(rows, signals, config.validate_).values())
        return
    for path in workspace.parts("label", plan.keys["label"]):
        records = read_part(path).select(["text", "control"]).to_pylist()
        yield [(r["text"], r["text"]) for r in records if not r["control"]]


def print_dry_run(found: list[dict[str, Any]], config: "Config") -> None:
    """The estimates of :func:`dry_run` in words."""
    if not found:
        print("This machine rewrites (rewrite.model is unset): nothing is sent or spent.")
        return
    print("Dry run: nothing was sent.")
    for one in found:
        if "rater" in one:
            print(f"\nRater {one['rater']}: asked about at most {one['most_texts']:,} texts")
        elif judge := config.validate_.judge if "judge" in one else None:
            _print_estimate(one, f"Judge {judge.model} at {judge.where}", judge.section, "judge")
        else:
            where = f"{one['model']} at {shown(config.rewrite.base_url)}"
            _print_estimate(one, where, "rewrite", "rewrite")
    for section in (config.rewrite, config.validate_.judge):
        if section and section.model and section.max_cost is not None:
            setting = f"{section.section}.max_cost"
            print(f"\nNothing beyond ${section.max_cost:,.2f} is sent ({setting}).")


def _print_estimate(one: dict[str, Any], where: str, section: str, doing: str) -> None:
    guess = "measured on earlier answers" if one["measured"] else "guessed from bytes"
    print(
        f"\n{where}\n"
        f"  rows to {doing:<11} {one['rows']:>12,}\n"
        f"  answers in ledger   {one['from_ledger']:>12,}\n"
        f"  requests to send    {one['first']:>12,}  and at most {one['later']:,} later ones\n"
        f"  tokens to send      {one['tokens_in']:>12,}  {guess}\n"
        f"  tokens to receive   {one['tokens_out']:>12,}"
    )
    if one["cost"] is None:
        print(f"  cost                     unknown  add '{one['model']}' to {section}.prices")
    else:
        print(
            f"  cost               ${one['cost']:>12,.4f}  at most ${one['most']:,.4f}, with "
            f"every later request and the longest answers"
        )
