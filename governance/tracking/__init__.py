"""Where runs are tracked: MLflow, and nothing else in the house knows MLflow."""

from governance.tracking.tracker import DecisionSummary, NullTracker, Tracked, Tracker, open_tracker

__all__ = ["DecisionSummary", "NullTracker", "Tracked", "Tracker", "open_tracker"]
