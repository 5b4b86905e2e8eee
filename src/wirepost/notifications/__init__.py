"""Telling agents and people what has happened."""
