"""The candidate against a baseline on the same samples."""
