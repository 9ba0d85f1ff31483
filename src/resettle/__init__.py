"""Resettle moves a running service from one AWS account into another; it never writes to the source unplanned."""

__version__ = "0.1.0"
