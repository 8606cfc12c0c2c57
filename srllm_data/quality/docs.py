"""Great Expectations' own pages of results, readable offline."""

import html
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from srllm_data.quality.boundaries import code_digest
from srllm_data.quality.run import MAX_SHOWN
from srllm_data.quality.suites import SEVERITIES
from srllm_data.workspace import digest, write_atomically


def write_data_docs(found: list[dict[str, Any]], folder: Path) -> Path:
    """Write Great Expectations' own pages for stored results, readable offline; returns the index.

    The library's pages load styles and scripts from seven other hosts; here those are left out
    and one small style sheet is put in. Pages of the same results are not written again.
    """
    index = folder / "index.html"
    made_of = digest([found, code_digest(), version("great_expectations")])
    if index.is_file() and made_of in index.read_text(encoding="utf-8"):
        return index
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    from srllm_data.quality import custom  # noqa: F401  (makes their sentences known)

    lines = []
    for result in found:
        gx = expectationSuiteValidationResultSchema.load(result["gx"])
        page = ValidationResultsPageRenderer().render(gx)
        said = _offline(DefaultJinjaPageView().render(page), _summary(result))
        write_atomically(folder / f"{result['boundary']}.html", said.encode())
        lines.append(
            f"<tr><td><a href='{result['boundary']}.html'>{result['boundary']}</a></td>"
            f"<td>{result['rows']:,}</td><td>{len(result['expectations'])}</td>"
            f"<td>{_state(result)}</td></tr>"
        )
    write_atomically(
        index,
        (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Data Docs</title>"
            f"<meta name='results' content='{made_of}'>"
            f"<style>{_STYLE}</style><main class='container'><h1>Data Docs</h1>"
            "<p>What Great Expectations found at each stage boundary of this release.</p>"
            "<table class='table'><tr><th>boundary</th><th>rows</th><th>expectations</th>"
            f"<th>result</th></tr>{''.join(lines)}</table></main></html>"
        ).encode(),
    )
    return index


def _state(result: dict[str, Any]) -> str:
    told = result["expectations"]
    failed = {
        severity: sum(not e["success"] and e["severity"] == severity for e in told)
        for severity in SEVERITIES
    }
    skipped = sum(bool(e["skipped"]) for e in told)
    said = [f"<span class='failed'>{n} {severity}</span>" for severity, n in failed.items() if n]
    said = said or ["<span class='passed'>passed</span>"]
    return ", ".join([*said, *([f"{skipped} not checked"] if skipped else [])])


def _summary(result: dict[str, Any]) -> str:
    """What the library's page does not tell: severities, all failures at a glance, and gaps."""
    told = result["expectations"]
    rows = "".join(
        f"<tr><td class='failed'>{e['severity']}</td><td>{html.escape(e['sentence'])}</td>"
        f"<td>{', '.join(map(html.escape, e['row_ids'][:MAX_SHOWN])) or '–'}"
        f"{' …' if len(e['row_ids']) > MAX_SHOWN else ''}</td></tr>"
        for e in told
        if not e["success"]
    )
    gaps = "".join(f"<li>{html.escape(e['sentence'])}</li>" for e in told if e["skipped"])
    parts = [f"<h1>{result['boundary']}: {_state(result)}</h1>"]
    if rows:
        head = "<tr><th>severity</th><th>expected</th><th>failing rows</th></tr>"
        parts.append(f"<table class='table'>{head}{rows}</table>")
    if gaps:
        parts.append(f"<p>Not checked:</p><ul>{gaps}</ul>")
    return f"<main>{''.join(parts)}</main>"


def _offline(page: str, summary: str) -> str:
    page = re.sub(r"<script[^>]*src=[^>]*>\s*</script>", "", page)
    page = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    page = re.sub(r"<link[^>]*>", "", page)
    page = re.sub(r"<img[^>]*>", "", page)
    page = re.sub(r'<a[^>]*href="https?://[^"]*"[^>]*>(.*?)</a>', "", page, flags=re.DOTALL)
    page = re.sub(r'href="(?:\.\./)+[^"]*"', 'href="index.html"', page)
    page = page.replace("__none__", "–")
    # The library names what folds at random; by number, the same results give the same page.
    numbers: dict[str, str] = {}
    page = _RANDOM.sub(lambda name: numbers.setdefault(name[0], str(len(numbers))), page)
    page = re.sub(r"url\(['\"]?https?://[^)]*\)", "none", page)
    page = re.sub(r"(<body[^>]*>)", lambda body: body[1] + summary, page, count=1)
    return page.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


_RANDOM = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;margin:0;background:#fafafa}
.container,.container-fluid,main{max-width:1000px;margin:0 auto;padding:1rem}
.row{display:block}.collapse{display:block!important}
.navbar,nav ol{list-style:none;padding:.5rem 1rem}
table{border-collapse:collapse;width:100%;background:#fff;margin:.5rem 0}
td,th{border:1px solid #ddd;padding:.35rem .6rem;text-align:left;vertical-align:top}
pre{white-space:pre-wrap}.text-danger,.failed{color:#b00020}.text-success,.passed{color:#1b7f3b}
.btn,.fa-moon,.fa-sun,.modal,.cooltip .top,#walkthrough,button{display:none}
.fa-check-circle::before{content:"✓ passed"}.fa-times::before{content:"✗ failed"}
footer,.card,.breadcrumb-item.active{display:none}
.badge{background:#eee;border-radius:4px;padding:.1rem .4rem}
"""
