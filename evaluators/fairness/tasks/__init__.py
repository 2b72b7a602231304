"""Groups in tasks other than binary classification, one module a task."""
