"""What the fairness evaluator measures beyond single groups, one section a file."""
