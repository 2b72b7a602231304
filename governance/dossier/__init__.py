"""The manifest that seals a run folder, and its verification; verifying imports nothing heavy."""

from governance.dossier.manifest import write_manifest
from governance.dossier.verify import Finding, Report, verify

__all__ = ["Finding", "Report", "verify", "write_manifest"]
