"""Language models as tools, whoever serves them; what they are asked about stays data."""

from wirepost.toolsets.ai import analyzing, generating, submitting

MODULES = (analyzing, generating, submitting)
"""The modules that declare the tools."""
