"""The page of one run: whether its release is good to use, and where every row ended.

The page stands alone: no script, nothing loaded. It holds figures, ids and a few example texts,
redacted ones only, which stay hidden until a reader asks for them: the sources are offensive.
"""

from srllm_data.report.page import render_report

__all__ = ["render_report"]
