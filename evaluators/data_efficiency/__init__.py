"""How much labelled data a way of training needs, overall and for each group."""

from evaluators.data_efficiency.descriptors import DESCRIPTOR, DataEfficiencyOptions

__all__ = ["DESCRIPTOR", "DataEfficiencyOptions"]
