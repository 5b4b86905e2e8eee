"""Tools that only Salesforce has, by subject."""
