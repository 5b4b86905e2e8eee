"""Tools about jobs: how they stand, what they have brought, ending them, following others."""

from wirepost.toolsets.jobs import changing, reading

MODULES = (changing, reading)
