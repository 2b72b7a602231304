"""Structural checks of a finished PDF: `structural_findings`, and ``python -m governance.documents.pdf.checks FILE…``.

They look for what ISO 19005-3 (PDF/A-3, level A) and ISO 14289-1 (PDF/UA-1) ask of a file's structure, as far as it
can be seen in its objects. That is not a full check of either standard, and some of PDF/UA only a person can judge:
whether a text alternative says what a chart shows, for example. A document may therefore say of itself that it was
checked structurally, and no more. Clauses are given with each finding.
"""

from governance.documents.pdf.checks.findings import Finding, structural_findings

__all__ = ["Finding", "structural_findings"]
