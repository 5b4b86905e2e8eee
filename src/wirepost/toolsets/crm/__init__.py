"""Neutral tools for records of customers, deals and tickets, on every vendor that offers `Crm`."""
