"""Gather: read texts from files, Hugging Face datasets, feeds and callables into rows.

Each reader yields :class:`~srllm_data.gather.record.Record` and
:class:`~srllm_data.gather.record.Malformed`, and raises SourceError where it cannot go on;
:mod:`~srllm_data.gather.stage` makes rows of the first, dropped rows of the second, and lets the
other sources go on after the third.
"""

from srllm_data.gather.stage import fingerprint, gather

__all__ = ["fingerprint", "gather"]
