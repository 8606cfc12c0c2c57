"""The page as a whole: every section's content, put into the templates."""

from typing import Any

from srllm_data.config import Config
from srllm_data.report import labels, outcome, record, rows, spending
from srllm_data.report.drift import drift
from srllm_data.report.examples import examples
from srllm_data.report.figures import figures
from srllm_data.report.tables import Tables
from srllm_data.report.verdict import verdict
from srllm_data.schema import STAGES
from srllm_data.trivial import OWN
from srllm_data.workspace import Workspace

#: Failing rows of an expectation that are named; the counts are always complete.
MAX_FAILING = 10

#: Where ``srllm review --serve`` shows one row.
REVIEW_PAGE = "http://127.0.0.1:8765/row/"

#: Sections in their order, and what links call them.
_SECTIONS = {
    "funnel": "Stages",
    "acceptance": "Biased rows",
    "gates": "Reasons",
    "held": "Waiting rows",
    "examples": "Examples",
    "scores": "Scores",
    "labels": "Balance",
    "drift": "Drift",
    "trivial": "Trivial systems",
    "judge": "Judge",
    "expectations": "Expectations",
    "sources": "Sources",
    "cost": "Cost",
    "details": "Details",
    "rewriting": "Rewriting",
}

#: Sections inside another one, left out of the list of sections.
_INNER = ("rewriting",)


def render_report(config: Config, workspace: Workspace, run: dict[str, Any]) -> str:
    """One self-contained HTML page about ``run``, a record as ``runs.finish`` builds it.

    Stages that the run did not reach are left out of every section.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("srllm_data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "share": _share, "words": _words, "money": _money}
    environment.filters |= {"coefficient": _coefficient, "points": _points}
    page = environment.get_template("report/page.html")
    return page.render(**_content(config, Tables(workspace, run), run)) + "\n"


def _content(config: Config, tables: Tables, run: dict[str, Any]) -> dict[str, Any]:
    stages = {s["stage"]: s for s in run["funnel"]}
    accepted = outcome.acceptance(tables)
    content = {
        "name": config.release.name,
        "run": run,
        "release": rows.release(tables),
        "gathered": run["funnel"][0]["rows_in"] if run["funnel"] else 0,
        "ends": rows.dispositions(tables),
        "waiting": rows.waiting(run),
        "missing": [s for s in STAGES if not tables.has(s)],
        "sources": rows.sources(config, tables, stages),
        "boundaries": rows.boundaries(run),
        "acceptance": accepted,
        "gates": outcome.gates(stages),
        "held": outcome.held(tables),
        "max_held": outcome.MAX_HELD,
        "examples": examples(config, tables),
        "scores": labels.scores(config, tables),
        "balance": labels.balance(tables),
        "labelling": labels.labelling(config, tables),
        "drift": drift(tables),
        "trivial": _trivial(run),
        "judge": run.get("judge"),
        "cost": spending.cost(tables, stages, accepted["all"]["accepted"] if accepted else None),
        "rewriting": spending.rewriting(tables, stages),
        "ask_again": stages["label"]["facts"].get("ask_again", 0) if "label" in stages else 0,
        "inner": _INNER,
        "review_page": REVIEW_PAGE,
        "max_failing": MAX_FAILING,
        "figures": record.figures(run),
        "settings": record.settings(config),
        "libraries": record.libraries(run),
    }
    content["sections"] = _reached(content)
    content["verdict"] = verdict(run, content)
    content["plots"] = figures(run, content)
    return content


def _reached(content: dict[str, Any]) -> dict[str, str]:
    """The sections that have something to say: a run may end early, or have nothing to rewrite."""
    empty = {
        "acceptance": not (content["acceptance"] and content["acceptance"]["all"]),
        "gates": not (content["gates"] and content["gates"]["rows"]),
        "held": content["held"] is None,
        "examples": not any(found for _, found in content["examples"]),
        "scores": not (content["scores"] and content["scores"]["rows"]),
        "labels": not (content["balance"] and content["balance"]["before"]),
        "drift": content["drift"] is None,
        "trivial": not content["trivial"],
        "judge": not content["judge"],
        "sources": content["sources"] is None,
    }
    return {name: title for name, title in _SECTIONS.items() if not empty.get(name)}


def _trivial(run: dict[str, Any]) -> list[dict[str, Any]]:
    """What systems that do nothing get past the gates, and the configured rewriter beside them."""
    return [s | {"trivial": s["system"] != OWN} for s in run.get("trivial") or []]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _money(value: float) -> str:
    return f"{value:,.4f}"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _points(share: float) -> str:
    """A change of a share in percentage points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _coefficient(value: float | None) -> str:
    """A coefficient of agreement; it has no value where nobody ever differed."""
    return "none" if value is None or value != value else f"{value:.2f}"
