"""Judges a copy by the ledger of what seeded the source and by raw describes of the target.

It promises to import nothing of the product, and never writes to an account.
"""

from resettle_lab.checker.item import Finding
from resettle_lab.checker.judge import Report, check

__all__ = ["Finding", "Report", "check"]
