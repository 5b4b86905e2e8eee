"""Slack's tools."""
