"""Gemini in memory: the same answers, streams, batches, limits and errors as the real API."""

from wirepost.providers.gemini.sandbox.app import GeminiSandbox

__all__ = ["GeminiSandbox"]
