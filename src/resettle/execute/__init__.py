"""Carries out a plan step by step, resumable at any instant; the journal is its only memory."""
