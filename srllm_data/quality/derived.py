"""Columns that are derived for checks; none of them shows what a text says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.drift import SCORES, classes
from srllm_data.quality import texts
from srllm_data.quality.given import Given

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rows:
    """The rows of a boundary, the configuration, and what is known beside them."""

    table: "pa.Table"
    config: Config
    given: Given


@dataclass(frozen=True)
class Derived:
    """One derived column: what it holds, the columns that it needs, and how it comes about.

    derive: values in order of the rows; None where too little is known beside the rows.
    """

    doc: str
    needs: tuple[str, ...]
    derive: "Callable[[Rows], pa.Array | None]"


def _chars(name: str) -> "Callable[[Rows], pa.Array]":
    def derive(rows: Rows) -> Any:
        import pyarrow.compute as pc

        return pc.utf8_length(rows.table[name])

    return derive


def _count(name: str) -> "Callable[[Rows], pa.Array]":
    def derive(rows: Rows) -> Any:
        import pyarrow.compute as pc

        return pc.fill_null(pc.list_value_length(rows.table[name]), 0)

    return derive


def _class(name: str) -> "Callable[[Rows], pa.Array]":
    needed = "text" if name == "text_length" else name
    return lambda rows: classes(rows.table.select([needed]))[name]


def _length_ratio(rows: Rows) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    text, rewrite = (
        pc.list_value_length(pc.utf8_split_whitespace(rows.table[n])).cast(pa.float64())
        for n in ("text", "rewrite")
    )
    return pc.if_else(rows.table["control"], None, pc.divide(rewrite, text))


def _as_due(rows: Rows) -> Any:
    import pyarrow.compute as pc

    same = pc.equal(rows.table["rewrite"], rows.table["text"])
    return pc.equal(same, rows.table["control"])


def _came(rows: Rows) -> Any:
    import pyarrow.compute as pc

    if rows.given.came is None:
        return None
    return pc.is_in(rows.table["id"], value_set=rows.given.came)


def _ended(rows: Rows) -> Any:
    import pyarrow.compute as pc

    if rows.given.ended is None:
        return None
    return pc.is_in(rows.table["id"], value_set=rows.given.ended)


def _personal_data(name: str) -> "Callable[[Rows], pa.Array]":
    return lambda rows: texts.patterns_found(rows.table[name], rows.config.redact)


def _group(rows: Rows) -> Any:
    import pyarrow.compute as pc

    first = texts.first_alike(rows.table, rows.config.deduplicate)
    return pc.coalesce(first, rows.table["id"])


DERIVED: dict[str, Derived] = {
    "text_chars": Derived("characters of the text", ("text",), _chars("text")),
    "rewrite_chars": Derived("characters of the rewrite", ("rewrite",), _chars("rewrite")),
    "length_ratio": Derived(
        "words of the rewrite over words of the text; empty for a control",
        ("text", "rewrite", "control"),
        _length_ratio,
    ),
    "text_personal_data": Derived(
        "mail addresses, card numbers and IBANs in the text",
        ("text",),
        _personal_data("text"),
    ),
    "rewrite_personal_data": Derived(
        "mail addresses, card numbers and IBANs in the rewrite",
        ("rewrite",),
        _personal_data("rewrite"),
    ),
    "text_findings": Derived(
        f"personal data that redaction finds in the text; looked for in {texts.SAMPLE:,} rows",
        ("text",),
        lambda rows: texts.findings(rows.table, rows.config.redact),
    ),
    "rewrite_findings": Derived(
        "likewise in the rewrite, beyond what the text says; empty where a curator accepted it",
        ("text", "rewrite"),
        lambda rows: texts.findings_added(rows.table, rows.config.redact),
    ),
    "rewrite_is_no_text": Derived(
        "what the rewrite is instead of one: placeholder, advice, refusal or preamble; empty for a "
        "control, and where a curator decided",
        ("text", "rewrite", "control"),
        lambda rows: texts.no_rewrite(rows.table),
    ),
    "rewrite_as_due": Derived(
        "whether the rewrite differs from the text, or is the same for a control",
        ("text", "rewrite", "control"),
        _as_due,
    ),
    "text_repeats": Derived(
        "id of an earlier row with the same text, or nearly (the settings of deduplicate)",
        ("text",),
        lambda rows: texts.first_alike(rows.table, rows.config.deduplicate),
    ),
    "text_group": Derived("the same, or the row's own id", ("text",), _group),
    "rewrite_repeats": Derived(
        "id of another row with the same rewrite",
        ("rewrite",),
        lambda rows: texts.first_same(rows.table["id"], rows.table["rewrite"]),
    ),
    "rewrite_key": Derived(
        "digest of the words of the rewrite",
        ("rewrite",),
        lambda rows: texts.word_digests(rows.table["rewrite"]),
    ),
    "came_before": Derived("whether the boundary before handed the row on", ("id",), _came),
    "also_ended": Derived("whether the row is among those that ended, too", ("id",), _ended),
    "target_groups": Derived(
        "the groups that the text is about", ("target_groups",), _class("target_groups")
    ),
    "text_length": Derived("class of the text by its words", ("text",), _class("text_length")),
    **{
        f"{name}_class": Derived(f"the {name} in ten classes", (name,), _class(name))
        for name in SCORES
    },
    **{
        f"{name}_count": Derived(f"how many {name} the row has", (name,), _count(name))
        for name in ("biased_spans", "target_groups", "opinions", "entities", "candidates")
    },
}
