"""The rewrite stage: each biased text gets a rewrite that keeps its facts."""

from srllm_data.rewrite.stage import assets, rewrite, wanted

__all__ = ["assets", "rewrite", "wanted"]
