"""srllm: build datasets of biased text and safe rewrites, and prove that they are good."""

from srllm_data import telemetry

__version__ = "0.1.0"

telemetry.switch_off()
