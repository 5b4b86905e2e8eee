"""What a provider can offer."""
