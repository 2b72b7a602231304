"""The evaluators that come with the toolkit. They register by entry point, like anyone's."""
