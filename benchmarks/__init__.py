"""What the project measures of itself; each figure is CPU time per item, since wall time on a shared machine says little."""
