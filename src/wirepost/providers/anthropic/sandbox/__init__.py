"""Anthropic in memory: the same messages, streams, batches, headers and errors as the real API."""

from wirepost.providers.anthropic.sandbox.app import AnthropicSandbox

__all__ = ["AnthropicSandbox"]
