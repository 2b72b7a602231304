"""Whether the model knows when it may be wrong: confidence, selective answers, and inputs of another kind."""
