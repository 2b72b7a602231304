"""Tests of licences: they share specs in `sample_spec`."""
