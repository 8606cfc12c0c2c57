"""Duplicates leave before anything costly sees them."""

from srllm_data.deduplicate.stage import deduplicate

__all__ = ["deduplicate"]
