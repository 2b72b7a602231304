"""Instructions planted inside a report: how often the answer becomes what they demand."""
