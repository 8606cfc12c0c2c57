"""The report's pages: HTML without anything from outside, the same bytes from the same report."""

from pathlib import Path
from typing import Any

from srllm_data.workspace import write_atomically
from srllm_train.evaluation.page import index, suite_page
from srllm_train.evaluation.verdict import Findings
from srllm_train.evaluation.words import shown

INDEX = "index.html"


def write(found: Findings, out: Path) -> Path:
    """Write index.html and a page per suite to the folder ``out``; the path of the first."""
    environment = _environment()
    for suite in found.suites:
        page = environment.get_template("suite.html")
        html = page.render(**suite_page.content(found, suite))
        write_atomically(out / f"{suite}.html", f"{html}\n".encode())
    html = environment.get_template("index.html").render(**index.content(found))
    write_atomically(out / INDEX, f"{html}\n".encode())
    return out / INDEX


def _environment() -> Any:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    # The style and the macros are those of a build's report.
    own, theirs = PackageLoader(__name__), PackageLoader("srllm_data")
    environment = Environment(
        loader=ChoiceLoader([own, theirs]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["hundredths"] = lambda value: shown(value, 2)
    return environment
