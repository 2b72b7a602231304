"""Groups found in embeddings, where demographics are not known."""
