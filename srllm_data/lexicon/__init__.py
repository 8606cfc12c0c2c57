"""Loaded, condescending, stereotyping, insulting words and claims: find, judge the use, score."""

from srllm_data.lexicon.entry import LABELLER, Entry, Span, digest, entries
from srllm_data.lexicon.match import find_spans
from srllm_data.lexicon.score import Scores, score

__all__ = ["LABELLER", "Entry", "Scores", "Span", "digest", "entries", "find_spans", "score"]
