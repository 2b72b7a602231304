"""Intervals, resampling, tests, multiplicity and planning: arrays in, numbers out.

Nothing here knows about datasets, models or policies. Functions are pure; whatever is random takes a seed.
"""
