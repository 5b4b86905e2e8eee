"""Answers worth keeping for a while: in memory, in the store, or in Redis."""
