"""Wirepost: the server between AI agents and business systems."""

__version__ = "0.1.0"
