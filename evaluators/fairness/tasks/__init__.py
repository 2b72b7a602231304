"""Groups in tasks other than binary classification."""
