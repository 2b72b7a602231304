"""What group thresholds, or other models, would buy and cost."""
