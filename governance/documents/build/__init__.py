"""Builders: each module says one part of a run in the words of the content model."""
