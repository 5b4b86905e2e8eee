"""Slack in memory: the same methods, forms, pages, errors and tiers as the real Web API."""

from wirepost.providers.slack.sandbox.app import SlackSandbox

__all__ = ["SlackSandbox"]
