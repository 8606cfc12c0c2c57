"""The validate stage: measure signals of every rewrite, then let gates decide its verdict."""

from srllm_data.validate.gatekeeper import Gatekeeper
from srllm_data.validate.gates import Judgement, decide, judge
from srllm_data.validate.measure import MEASURED, measure

__all__ = ["MEASURED", "Gatekeeper", "Judgement", "decide", "judge", "measure"]
