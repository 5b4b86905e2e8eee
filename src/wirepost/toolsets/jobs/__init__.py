"""Tools about jobs: how they stand, what they have brought, ending them, following others."""
