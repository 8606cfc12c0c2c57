"""The embedded editor: takes bias out of a text with the lexicon's advice and a parse.

It deletes, replaces or softens. Where no edit would be honest and grammatical it leaves the
text, so that the gates hold the row for a curator.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srllm_data.lexicon import Span, entries, find_spans
from srllm_data.rewrite.claims import scope
from srllm_data.rewrite.draft import Draft, Edit
from srllm_data.rewrite.place import ABUSE, Finding, find, tokens_of
from srllm_data.rewrite.removal import (
    delete_aside,
    delete_comparison,
    delete_modifier,
    delete_oath,
    drop_abuse,
)
from srllm_data.rewrite.replacement import replace, replace_verb

if TYPE_CHECKING:
    from spacy.tokens import Doc

__all__ = ["EDITOR", "Edit", "edit", "rewrite_doc", "rewrite_text"]

#: Name and version, written to ``rewrite_by``; raise it when rewrites change.
EDITOR = "editor-1"

_ROUNDS = 3
_ASIDE = (delete_oath, delete_aside, delete_comparison)


def edit(doc: "Doc", spans: Sequence[Span]) -> tuple[str, tuple[Edit, ...]]:
    """Rewrite ``doc`` (from ``srllm_data.nlp.parse``) so that the used ones of ``spans`` go.

    Returns the text and its edits in order; applied to the source, they give the text. Without
    an honest edit the text is the source.
    """
    draft = Draft(doc)
    used = [s for s in spans if s.use == "used"]
    findings = [find(doc, s, entries()[s.entry]) for s in used if s.entry]
    drop_abuse(draft, findings)
    for finding in findings:
        if any(draft.words[finding.first : finding.last + 1]):
            _apply(draft, finding)
    for claim in (tokens_of(doc, s) for s in used if s.label == "generalisation" and not s.entry):
        scope(draft, claim.start, claim.end - 1)
    text, edits = draft.finish()
    if not any(c.isalnum() for c in text):
        return doc.text, ()
    return text, edits


def rewrite_doc(doc: "Doc") -> str:
    """``doc``'s text edited until nothing is left to edit, or three times."""
    from srllm_data.nlp import parse

    for _ in range(_ROUNDS):
        text, edits = edit(doc, find_spans(doc))
        if not edits:
            break
        doc = next(parse([text]))
    return doc.text


def rewrite_text(text: str) -> str:
    """Parse ``text`` and rewrite it as ``rewrite_doc`` does."""
    from srllm_data.nlp import parse

    return rewrite_doc(next(parse([text])))


def _apply(draft: Draft, finding: Finding) -> bool:
    """Edit one finding the first way that fits; False where none does."""
    entry = finding.entry
    if entry.action == "soften" and not entry.replacements:
        return False
    if entry.pos == "VERB":
        steps = [replace_verb, *([delete_modifier] if finding.label == "profanity" else [])]
    elif entry.action == "delete" or (finding.label in ABUSE and entry.pos != "NOUN"):
        steps = [*_ASIDE, delete_modifier, replace]
    else:
        steps = [*_ASIDE, replace, delete_modifier]
    return any(step(draft, finding) for step in steps)
