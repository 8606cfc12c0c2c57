"""Personal data in texts: where it is of what type; for redaction and checks."""

from srllm_data.personal_data.masks import PLACEHOLDER
from srllm_data.personal_data.search import Finding, find

__all__ = ["PLACEHOLDER", "Finding", "find"]
