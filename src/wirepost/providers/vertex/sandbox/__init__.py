"""Vertex AI in memory: tokens, answers, streams, vectors, batches, a bucket for them, limits and errors."""

from wirepost.providers.vertex.sandbox.app import VertexSandbox

__all__ = ["VertexSandbox"]
