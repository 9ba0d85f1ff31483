"""Kinds of one service; each file holds one KIND."""
