"""Counterfactual pairs: the same questions in which only the words that describe the patient change."""
