"""The validate stage: measure signals of every rewrite, then let gates decide its verdict."""

from srllm_data.validate.gates import Judgement, decide, judge
from srllm_data.validate.judging import Judge
from srllm_data.validate.measure import MEASURED, measure

__all__ = ["MEASURED", "Judge", "Judgement", "decide", "judge", "measure"]
