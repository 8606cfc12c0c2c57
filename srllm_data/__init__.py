"""srllm: build datasets of biased text and safe rewrites, and prove that they are good."""

import os
from typing import TYPE_CHECKING

from srllm_data import telemetry

__version__ = "0.1.0"

telemetry.switch_off()
# Threads that wait for their next piece of work must not spin: beside another program on the same
# cores they take ten times as long. Read by OpenMP when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from pathlib import Path

    from srllm_data.one_off import Rewritten


def rewrite_text(text: str, config: "str | Path | None" = None) -> "Rewritten":
    """Rewrite one text without its bias, as ``srllm rewrite`` does, and judge the rewrite.

    config: a configuration file; the defaults (and ``SRLLM_`` environment variables) if None.
    """
    from srllm_data.config import load_config, without_sources
    from srllm_data.one_off import rewrite_texts

    return rewrite_texts([text], load_config(config) if config else without_sources())[0]
