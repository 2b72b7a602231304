"""Whether small changes that are made to mislead the model do mislead it."""
