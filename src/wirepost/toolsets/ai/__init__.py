"""Language models as tools, whoever serves them; what they are asked about stays data."""
