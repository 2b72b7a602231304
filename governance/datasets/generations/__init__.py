"""Recorded answers of generating models: one record form, and readers of the files they come in."""
