"""Tools without a vendor."""
