"""Great Expectations at the stage boundaries; nothing else in srllm knows it.

Suites are JSON files in ``expectations/``, one for each boundary. A result is stored by the key
of the stage and the digest of the suite, so an unchanged boundary is not checked again. Results
hold row ids and figures, never texts: checks on a text look at columns derived from it.
"""

import json
import re
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.errors import ConfigError
from srllm_data.workspace import Workspace, digest, file_digest, write_atomically

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Which stage's output each suite looks at.
BOUNDARIES = {
    "gathered": "gather",
    "deduplicated": "deduplicate",
    "redacted": "redact",
    "labelled": "label",
    "rewritten": "rewrite",
    "released": "release",
}

#: Failing row ids that a result names; the counts are always complete.
MAX_IDS = 100

_MAIL_CARD_IBAN = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,99}@[\w-]{1,99}\.\w"
    r"|\b(?:\d{4}[ -]?){3}\d{4}\b|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"
)


def suite_folder(config: Config) -> Path:
    """The folder with the suites: configured, or the project's own."""
    if config.validate_.expectations:
        return Path(config.validate_.expectations)
    packaged = Path(__file__).parent / "expectations"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "expectations"


def check_boundary(boundary: str, key: str, config: Config, workspace: Workspace) -> dict[str, Any]:
    """Check the rows that a stage handed on under ``key``; the result is stored.

    Returns ``boundary``, ``success``, ``rows``, ``expectations`` (each with type, column,
    severity, success, sentence and the failing rows' ids) and ``gx``, the library's own result.
    ConfigError where the suite is missing or malformed.
    """
    path = _result_path(boundary, key, config, workspace)
    if path.is_file():
        stored: dict[str, Any] = json.loads(path.read_bytes())
        return stored
    suite = suite_folder(config) / f"{boundary}.json"
    result = _validate(boundary, suite, frame(workspace.kept(BOUNDARIES[boundary], key)))
    write_atomically(path, json.dumps(result, indent=1).encode())
    return result


def results(keys: dict[str, str], config: Config, workspace: Workspace) -> list[dict[str, Any]]:
    """The stored results of the boundaries whose stage is in ``keys``, without the raw ones."""
    found = []
    for boundary, stage in BOUNDARIES.items():
        if stage in keys:
            path = _result_path(boundary, keys[stage], config, workspace)
            if path.is_file():
                result = json.loads(path.read_bytes())
                found.append({k: v for k, v in result.items() if k != "gx"})
    return found


def critical(result: dict[str, Any]) -> list[str]:
    """Sentences of the critical expectations that failed."""
    return [
        e["sentence"]
        for e in result["expectations"]
        if not e["success"] and e["severity"] == "critical"
    ]


def frame(rows: "pa.Table") -> "pd.DataFrame":
    """The rows as checks see them: scalar columns, and counts derived from texts and lists."""
    import pandas as pd
    import pyarrow.types as pt

    data = {
        name: rows[name].to_pandas()
        for name in rows.column_names
        if not pt.is_nested(rows.schema.field(name).type)
    }
    for name in ("text", "rewrite"):
        if name in data:
            values = data.pop(name)
            data[f"{name}_chars"] = values.str.len()
            data[f"{name}_personal_data"] = values.map(
                lambda v: len(_MAIL_CARD_IBAN.findall(v)) if isinstance(v, str) else 0
            )
    for name in ("biased_spans", "target_groups", "opinions", "entities", "candidates"):
        if name in rows.column_names:
            data[f"{name}_count"] = rows[name].to_pandas().map(len)
    if "rewrite" in rows.column_names:
        same = rows["rewrite"].to_pandas() == rows["text"].to_pandas()
        data["rewrite_differs"] = ~same
        data["rewrite_as_due"] = same == data["control"]
    return pd.DataFrame(data)


def write_data_docs(found: list[dict[str, Any]], folder: Path) -> Path:
    """Write Great Expectations' own pages for stored results, readable offline; returns the index.

    The library's pages load styles and scripts from seven other hosts; here those are left out
    and one small style sheet is put in. Pages of the same results are not written again.
    """
    index = folder / "index.html"
    made_of = digest([found, _own_digest(), version("great_expectations")])
    if index.is_file() and made_of in index.read_text(encoding="utf-8"):
        return index
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    lines = []
    for result in found:
        gx = expectationSuiteValidationResultSchema.load(result["gx"])
        page = ValidationResultsPageRenderer().render(gx)
        html = _offline(DefaultJinjaPageView().render(page))
        write_atomically(folder / f"{result['boundary']}.html", html.encode())
        failed = sum(not e["success"] for e in result["expectations"])
        state = f"{failed} failed" if failed else "passed"
        lines.append(
            f"<tr><td><a href='{result['boundary']}.html'>{result['boundary']}</a></td>"
            f"<td>{result['rows']:,}</td><td>{len(result['expectations'])}</td>"
            f"<td class='{'failed' if failed else 'passed'}'>{state}</td></tr>"
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


def _result_path(boundary: str, key: str, config: Config, workspace: Workspace) -> Path:
    suite = suite_folder(config) / f"{boundary}.json"
    if not suite.is_file():
        raise ConfigError(f"The expectation suite {suite} is missing; restore it.")
    made_of = [key, file_digest(suite), _own_digest(), version("great_expectations")]
    return workspace.root / "checks" / boundary / f"{digest(made_of)[:20]}.json"


@lru_cache(maxsize=1)
def _own_digest() -> str:
    return file_digest(Path(__file__))


def _validate(boundary: str, suite: Path, rows: "pd.DataFrame") -> dict[str, Any]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        given = json.loads(suite.read_text(encoding="utf-8"))
        # A suite that is built from plain dictionaries leaves out what it cannot understand.
        expectations = gx.ExpectationSuite(
            name=boundary,
            expectations=[
                ExpectationConfiguration(**e).to_domain_obj() for e in given["expectations"]
            ],
            meta=given.get("meta"),
        )
    except Exception as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"The expectation suite {suite} is malformed ({first}).") from None
    # By default the library leaves a folder for a docs site behind in the temporary folder.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    settings = DataContextConfig(store_backend_defaults=stores)
    context = gx.get_context(mode="ephemeral", project_config=settings)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset(boundary)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    # COMPLETE is slow where everything fails, so it is asked for only after a failure.
    raw = batch.validate(expectations, result_format="BASIC")
    if not raw.success:
        complete = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}
        raw = batch.validate(expectations, result_format=complete)
    # Numpy numbers become plain ones: the pages of the library cannot show them otherwise.
    gx_result = json.loads(json.dumps(raw.to_json_dict()))
    for result in gx_result["results"]:
        _shorten(result["result"])
    # The library stamps times and run ids; without them the same rows give the same bytes.
    gx_result["meta"] = {"great_expectations_version": version("great_expectations")}
    return {
        "boundary": boundary,
        "success": bool(raw.success),
        "rows": len(rows),
        "expectations": [_expectation(r) for r in gx_result["results"]],
        "gx": gx_result,
    }


def _shorten(result: dict[str, Any]) -> None:
    result.pop("unexpected_list", None)
    result.pop("unexpected_index_query", None)
    for name in ("unexpected_index_list", "partial_unexpected_index_list"):
        if name in result:
            result[name] = result[name][:MAX_IDS]


def _expectation(result: dict[str, Any]) -> dict[str, Any]:
    config = result["expectation_config"]
    outcome = result["result"]
    said = config["meta"].get("says") or config["type"].replace("_", " ")
    if result["exception_info"].get("raised_exception"):
        said += f" (could not be checked: {result['exception_info']['exception_message']})"
    elif not result["success"]:
        if "unexpected_count" in outcome:
            said += f" ({outcome['unexpected_count']:,} of {outcome['element_count']:,} fail)"
        elif outcome.get("observed_value") is not None:
            said += f" (found {outcome['observed_value']})"
    return {
        "type": config["type"],
        "column": config["kwargs"].get("column"),
        "severity": config.get("severity", "critical"),
        "success": result["success"],
        "sentence": said,
        "row_ids": [str(i.get("id")) for i in outcome.get("unexpected_index_list", [])],
    }


def _offline(html: str) -> str:
    html = re.sub(r"<script[^>]*src=[^>]*>\s*</script>", "", html)
    html = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)
    html = re.sub(r"<link[^>]*>", "", html)
    html = re.sub(r"<img[^>]*>", "", html)
    html = re.sub(r'<a[^>]*href="https?://[^"]*"[^>]*>(.*?)</a>', "", html, flags=re.DOTALL)
    html = re.sub(r'href="(?:\.\./)+[^"]*"', 'href="index.html"', html)
    html = re.sub(r"url\(['\"]?https?://[^)]*\)", "none", html)
    return html.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


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
footer,.card{display:none}.badge{background:#eee;border-radius:4px;padding:.1rem .4rem}
"""
