"""Training: the embedded classifiers of srllm."""
