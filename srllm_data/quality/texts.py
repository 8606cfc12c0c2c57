"""What checks derive from texts: figures, ids and digests, never words."""

import hashlib
import re
from typing import TYPE_CHECKING, Any

from srllm_data.schema import schema_after

if TYPE_CHECKING:
    import pyarrow as pa

    from srllm_data.config import DeduplicateConfig, RedactConfig

#: Rows in which personal data is looked for with all recognisers, which takes milliseconds a text.
SAMPLE = 400

_PATTERNS = {
    "EMAIL_ADDRESS": re.compile(r"(?<![\w.+-])[\w.+-]{1,99}@[\w-]{1,99}\.\w"),
    "CREDIT_CARD": re.compile(r"\b(?:\d{4}[ -]?){3}\d{4}\b"),
    "IBAN_CODE": re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"),
}
_MAY_HOLD = r"@|\d{4}"
_WORD = re.compile(r"\w+")

#: What was found in place of rewrites in datasets of this field, at the start or as a whole.
_NO_REWRITE = {
    "placeholder": r"\W*(?:to ?remove|removed?|deleted?|n/?a|none|null|nan|redacted|tbd|todo|same"
    r"|no (?:change|rewrite)s?)\W*\Z",
    "preamble": r"\W*(?:(?:sure|certainly|of course|okay)\b.{0,60}[:!,]|(?:here|below) (?:is|are)\b"
    r".{0,80}:|i suggest the following\b|(?:the )?(?:re(?:written|phrased|vised)|debiased|neutral)"
    r" (?:text|version|output|sentence)\b|output:|rewrite:)",
    "refusal": r"\W*(?:i(?:'m| am) (?:sorry|unable|not able)\b|i (?:cannot|can't|won't) (?:help"
    r"|assist|fulfil|provide|rewrite|comply)|as an ai\b|sorry, (?:but )?i )",
    "advice": r"\W*(?:(?:you|we|people) should (?:be|always|try|treat|avoid|respect)\b|(?:please )?"
    r"(?:be respectful|avoid using|refrain from|consider (?:using|rephrasing))\b|it is (?:important"
    r"|essential) to\b)",
}
_KINDS = [(kind, re.compile(said, re.IGNORECASE)) for kind, said in _NO_REWRITE.items()]


def patterns_found(column: "pa.ChunkedArray", config: "RedactConfig") -> "pa.Array":
    """Mail addresses, card numbers and IBANs in each text, as far as the settings redact them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from srllm_data.personal_data.checks import accepted

    wanted = [(t, p) for t, p in _PATTERNS.items() if t in config.entities]
    counts = [0] * len(column)
    # One pass in Arrow leaves few texts to look at.
    places = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, _MAY_HOLD), False))
    texts = column.take(places).to_pylist()
    for place, text in zip(places.to_pylist(), texts, strict=True):
        counts[place] = sum(
            accepted(type_, text, *found.span()) is not None
            for type_, pattern in wanted
            for found in pattern.finditer(text)
        )
    return pa.array(counts, pa.int32())


def findings(rows: "pa.Table", config: "RedactConfig") -> "pa.Array":
    """How much personal data redaction finds in each text of a sample; null for the other rows."""
    from srllm_data.personal_data import find

    places = _sample(rows)
    texts = rows["text"].take(places).to_pylist()
    counts = [len(found) for found in find([t or "" for t in texts], config)]
    return _spread(counts, places, len(rows))


def findings_added(rows: "pa.Table", config: "RedactConfig") -> "pa.Array":
    """Likewise in the rewrites: findings that hold a word which the text lacks.

    Null where a curator accepted the rewrite; what curators wrote is always in the sample.
    """
    from srllm_data.personal_data import find

    places = _sample(rows)
    some = rows.take(places)
    texts, rewrites = ([t or "" for t in some[n].to_pylist()] for n in ("text", "rewrite"))
    counts: list[int | None] = []
    for text, rewrite, decision, found in zip(
        texts, rewrites, _decisions(some), find(rewrites, config), strict=True
    ):
        known = set(_WORD.findall(text.casefold()))
        added = (_WORD.findall(rewrite[f.start : f.end].casefold()) for f in found)
        counts.append(None if decision == "accept" else sum(not known.issuperset(a) for a in added))
    return _spread(counts, places, len(rows))


def no_rewrite(rows: "pa.Table") -> "pa.Array":
    """What stands in place of each rewrite: a kind of ``_NO_REWRITE``, null where it is a rewrite.

    Null for controls, for what the text says as well, and where a curator decided.
    """
    import pyarrow as pa

    kinds = []
    columns = (rows[n].to_pylist() for n in ("text", "rewrite", "control"))
    for text, rewrite, control, decision in zip(*columns, _decisions(rows), strict=True):
        kind = None if control or decision else _kind(rewrite or "")
        kinds.append(kind if kind and kind != _kind(text or "") else None)
    return pa.array(kinds, pa.string())


def first_alike(rows: "pa.Table", config: "DeduplicateConfig") -> "pa.Array":
    """Id of an earlier row whose text is the same, or nearly; null where there is none.

    Redaction makes texts alike that were not when duplicates left.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from srllm_data import progress
    from srllm_data.deduplicate import deduplicate

    schema = schema_after("clean")
    there = [n for n in schema.names if n in rows.column_names]
    texts = rows.select(there)
    for field in schema:
        if field.name not in there:
            texts = texts.append_column(field, pa.nulls(len(rows), field.type))
    texts = texts.set_column(
        texts.column_names.index("text"), "text", pc.fill_null(texts["text"], "")
    )
    with progress.quiet():
        found = deduplicate(texts.select(schema.names), config).dropped
    of = dict(zip(found["id"].to_pylist(), found["duplicate_of"].to_pylist(), strict=True))
    return pa.array([of.get(i) for i in rows["id"].to_pylist()], pa.string())


def first_same(ids: "pa.ChunkedArray", texts: "pa.ChunkedArray") -> "pa.Array":
    """The least id of all rows with the words of this one; null where it is this row's, or none."""
    import pyarrow as pa

    keys = word_digests(texts).to_pylist()
    first: dict[str, str] = {}
    for key, id_ in sorted(zip(keys, ids.to_pylist(), strict=True), key=lambda p: (p[1], p[0])):
        first.setdefault(key, id_)
    found = [
        first[k] if first[k] != i else None for k, i in zip(keys, ids.to_pylist(), strict=True)
    ]
    return pa.array(found, pa.string())


def word_digests(texts: "pa.ChunkedArray") -> "pa.Array":
    """A digest of the letters and digits of each text, whatever its case and punctuation."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pc.replace_substring_regex(pc.utf8_lower(pc.fill_null(texts, "")), r"[^\pL\pN]+", " ")
    return pa.array(
        [hashlib.blake2b(w.strip().encode(), digest_size=8).hexdigest() for w in words.to_pylist()],
        pa.string(),
    )


def _kind(text: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if pattern.match(text)), None)


def _decisions(rows: "pa.Table") -> list[str | None]:
    if "decision" in rows.column_names:
        decisions: list[str | None] = rows["decision"].to_pylist()
        return decisions
    return [None] * len(rows)


def _sample(rows: "pa.Table") -> "pa.Array":
    """Places of the rows with the least ids, which are digests, and of what curators wrote."""
    import pyarrow as pa

    ids = rows["id"].to_pylist()
    places = set(sorted(range(len(ids)), key=ids.__getitem__)[:SAMPLE])
    places |= {place for place, d in enumerate(_decisions(rows)) if d == "edit"}
    return pa.array(sorted(places), pa.int64())


def _spread(counts: list[Any], places: "pa.Array", size: int) -> "pa.Array":
    import pyarrow as pa

    of = dict(zip(places.to_pylist(), counts, strict=True))
    return pa.array([of.get(place) for place in range(size)], pa.int32())
