"""What the embeddings know of attributes, and performance with an attribute held constant."""
