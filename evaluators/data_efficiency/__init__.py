"""data_efficiency."""
