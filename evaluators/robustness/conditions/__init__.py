"""Conditions on batches, on the device of the batch. Modules here import torch; descriptors of them stand beside."""
