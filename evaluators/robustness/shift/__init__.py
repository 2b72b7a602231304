"""How a model does in another population, what moved between the two, and what follows at a given prevalence."""
