"""Salesforce: contacts, accounts, opportunities, cases and everything else in an organisation, as a CRM."""
