"""Accounts at providers and how they are opened."""
