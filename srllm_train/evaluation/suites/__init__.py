"""The suites by name, in the order of the report."""

from importlib import import_module
from typing import Any

#: Rewriting and locality first: they are the headlines.
NAMES = (
    "rewriting locality language generation safety robustness memorisation fingerprint "
    "counterfactual judge matrix"
).split()


def suite(name: str) -> Any:
    """The module of the suite ``name``."""
    return import_module(f"srllm_train.evaluation.suites.{name}")
