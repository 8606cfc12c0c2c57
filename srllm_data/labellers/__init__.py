"""Labellers: who scores a text, behind one small interface."""

from srllm_data.labellers.opinion import AXES, EMPTY, Axis, Labeller, Opinion, OpinionOutcome

__all__ = ["AXES", "EMPTY", "Axis", "Labeller", "Opinion", "OpinionOutcome"]
