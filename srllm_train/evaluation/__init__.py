"""Evaluation: systems side by side on the same rows, and a report that can be made again."""
