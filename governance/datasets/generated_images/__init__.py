"""Images that a model made on request, and what a check of their quality said of them."""
