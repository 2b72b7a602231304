"""Trace the numbers of a document: each one to its measurement, run, data and file, or to nothing."""

from governance.documents.trace.report import Finding, Number, Trace
from governance.documents.trace.tracing import rests_on, run_of, trace

__all__ = ["Finding", "Number", "Trace", "rests_on", "run_of", "trace"]
