"""The lab: two simulated AWS accounts in one process on 127.0.0.1; it imports nothing of the product."""
