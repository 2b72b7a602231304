"""Conditions of medical images: MedMNIST-C, and what scanners, slides and archives do to pixels."""
