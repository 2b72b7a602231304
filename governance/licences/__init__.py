"""Licences: RAIL notices, the restrictions in force and where they come from, licence references."""

from governance.licences.notice import write_licence
from governance.licences.statement import LicenceStatement, RestrictionInForce, check_licence, describe_licence

__all__ = ["LicenceStatement", "RestrictionInForce", "check_licence", "describe_licence", "write_licence"]
