"""Runs a suite over rows with Great Expectations. Its import takes seconds: it waits for a run."""

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.quality.frame import frame, wanted
from srllm_data.quality.given import WHY_UNKNOWN, Given
from srllm_data.quality.suites import Suite, columns, malformed, parameters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Failing row ids that a page of the library shows; results name all.
MAX_SHOWN = 100


def run(suite: Suite, rows: "pa.Table", config: Config, known: Given) -> dict[str, Any]:
    """Check ``rows`` against ``suite``.

    Returns ``boundary``, ``success``, ``rows``, ``expectations`` and ``gx``, the library's own
    result. Of each expectation: type, column, severity, success, ``says`` (the plain sentence),
    ``sentence`` (with what was found), ``row_ids`` (of all failing rows), ``skipped`` (why it could
    not be checked, or None) and ``hold`` (whether its failing rows wait for a curator).
    """
    seen = frame(rows, wanted(suite, rows.schema), config, known)
    told = known.parameters | {"schema": {f.name: _type(f.type) for f in rows.schema}}
    why = [_why_skipped(e, told, seen) for e in suite.expectations]
    asked = [e for e, skipped in zip(suite.expectations, why, strict=True) if not skipped]
    found = iter(_validated(suite, asked, seen, told))
    gx = []
    expectations = []
    for expectation, skipped in zip(suite.expectations, why, strict=True):
        if skipped:
            expectations.append(_skipped(expectation, skipped))
        else:
            result = next(found)
            expectations.append(_told(expectation, result))
            gx.append(_shown(result))
    passed = sum(r["success"] for r in gx)
    return {
        "boundary": suite.boundary,
        "success": passed == len(gx),
        "rows": len(rows),
        "expectations": expectations,
        "gx": {
            "success": passed == len(gx),
            "results": gx,
            "suite_name": suite.boundary,
            "suite_parameters": {},
            "statistics": {
                "evaluated_expectations": len(gx),
                "successful_expectations": passed,
                "unsuccessful_expectations": len(gx) - passed,
                "success_percent": 100 * passed / len(gx) if gx else None,
            },
            # The library would stamp times and run ids; without them the same rows give the same.
            "meta": {"great_expectations_version": version("great_expectations")},
        },
    }


def _validated(
    suite: Suite, asked: list[dict[str, Any]], rows: "pd.DataFrame", told: dict[str, Any]
) -> list[dict[str, Any]]:
    """The library's results, in order; those that failed with all their failing rows."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    from srllm_data.quality import custom

    try:
        # A suite that is built from plain dictionaries leaves out what it cannot understand.
        domain = [
            ExpectationConfiguration(**_described(e, n)).to_domain_obj()
            for n, e in enumerate(asked)
        ]
        for expectation, given in zip(domain, asked, strict=True):
            if given["meta"].get("hold") and not custom.names_rows(expectation):
                raise ValueError(f"'{given['type']}' names no rows, so it cannot hold any")
    except Exception as error:
        raise malformed(suite.path, error) from None
    # By default the library leaves a folder for a docs site behind in the temporary folder.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    settings = DataContextConfig(store_backend_defaults=stores)
    context = gx.get_context(mode="ephemeral", project_config=settings)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset(suite.boundary)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})

    def validate(some: list[Any], result_format: Any) -> list[dict[str, Any]]:
        raw = batch.validate(
            gx.ExpectationSuite(name=suite.boundary, expectations=some),
            result_format=result_format,
            expectation_parameters=dict(told),
        )
        # Numpy numbers become plain ones: the pages of the library cannot show them otherwise.
        results: list[dict[str, Any]] = json.loads(json.dumps(raw.to_json_dict()))["results"]
        # The library groups results by column.
        return sorted(results, key=lambda r: r["expectation_config"]["meta"]["place"])

    found = validate(domain, "BASIC")
    # COMPLETE is slow where everything fails, so it is asked for only after a failure.
    failed = [n for n, result in enumerate(found) if not result["success"]]
    if failed:
        complete = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}
        again = validate([domain[n] for n in failed], complete)
        for n, result in zip(failed, again, strict=True):
            found[n] = result
    return found


def _described(expectation: dict[str, Any], place: int) -> dict[str, Any]:
    """The expectation as the library wants it, with the sentence that its pages show."""
    from srllm_data.quality import custom

    said = f"{expectation['meta']['says']} ({expectation['severity']})"
    described = expectation | {"meta": expectation["meta"] | {"place": place}}
    if not custom.renders(expectation["type"]):
        described["description"] = (said[0].upper() + said[1:]).replace("$", "$$")
    return described


def _why_skipped(
    expectation: dict[str, Any], told: dict[str, Any], rows: "pd.DataFrame"
) -> str | None:
    few = expectation["meta"].get("from_rows", 0)
    if len(rows) < few:
        return f"fewer than {few:,} rows tell too little"
    missing = sorted(parameters(expectation) - told.keys())
    if missing:
        return WHY_UNKNOWN.get(missing[0], f"nothing is known of '{missing[0]}'")
    if columns(expectation) - set(rows.columns):
        return "only a build knows the stages before"
    return None


def _skipped(expectation: dict[str, Any], why: str) -> dict[str, Any]:
    return {
        "type": expectation["type"],
        "column": _column(expectation),
        "severity": expectation["severity"],
        "success": True,
        "says": expectation["meta"]["says"],
        "sentence": f"{expectation['meta']['says']} (not checked: {why})",
        "row_ids": [],
        "skipped": why,
        "hold": bool(expectation["meta"].get("hold")),
    }


def _told(expectation: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    outcome = result["result"]
    said = expectation["meta"]["says"]
    if problem := _problem(result["exception_info"]):
        said += f" (could not be checked: {problem})"
    elif not result["success"]:
        if "unexpected_count" in outcome:
            said += f" ({outcome['unexpected_count']:,} of {outcome['element_count']:,} fail)"
        elif outcome.get("observed_value") is not None:
            said += f" (found {outcome['observed_value']})"
    return {
        "type": expectation["type"],
        "column": _column(expectation),
        "severity": expectation["severity"],
        "success": result["success"],
        "says": expectation["meta"]["says"],
        "sentence": said,
        "row_ids": [str(i.get("id")) for i in outcome.get("unexpected_index_list") or []],
        "skipped": None,
        "hold": bool(expectation["meta"].get("hold")),
    }


def _column(expectation: dict[str, Any]) -> str | None:
    kwargs = expectation["kwargs"]
    found: str | None = kwargs.get("column", kwargs.get("column_A"))
    return found


def _problem(exceptions: dict[str, Any]) -> str | None:
    """What went wrong inside the library, for one metric or the whole expectation."""
    told = [exceptions, *(e for e in exceptions.values() if isinstance(e, dict))]
    return next((e["exception_message"] for e in told if e.get("raised_exception")), None)


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    """The library's result without what its pages do not need."""
    outcome = result["result"]
    outcome.pop("unexpected_list", None)
    outcome.pop("unexpected_index_query", None)
    if outcome.get("unexpected_index_list"):
        outcome["unexpected_index_column_names"] = ["id"]
    if any(v is None or isinstance(v, list) for v in outcome.get("partial_unexpected_list", ())):
        # The library's table of failing values fails for nulls, and orders pairs by chance.
        for name in ("partial_unexpected_list", "partial_unexpected_counts"):
            outcome.pop(name, None)
    for name in ("unexpected_index_list", "partial_unexpected_index_list"):
        if name in outcome:
            outcome[name] = outcome[name][:MAX_SHOWN]
    result["expectation_config"]["meta"].pop("place")
    return result


def _type(type_: "pa.DataType") -> str:
    """The Arrow type in one word or two; what a nested type holds is the schema's affair."""
    import pyarrow.types as pt

    if pt.is_list(type_):
        return f"list of {_type(type_.value_type)}"
    return "struct" if pt.is_struct(type_) else str(type_)
