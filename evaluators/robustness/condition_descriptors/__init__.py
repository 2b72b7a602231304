"""What the conditions are, without importing torch. `pyproject.toml` registers each."""
