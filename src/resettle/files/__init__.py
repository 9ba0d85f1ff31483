"""Rewrites files: what names the old account is changed where it is known, and listed where it is not; nothing else moves."""

from resettle.files.address_list import book_from_addresses
from resettle.files.residue import Residue
from resettle.files.rewrite import FileChange, RewritePlan, apply, plan_rewrite
from resettle.files.walk import Skipped

__all__ = ["FileChange", "Residue", "RewritePlan", "Skipped", "apply", "book_from_addresses", "plan_rewrite"]
