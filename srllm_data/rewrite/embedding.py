"""Sentence embeddings for finding similar pairs."""
