"""HubSpot in memory: the same paths, bodies, pages, partial batches, errors and delays as the real API."""

from wirepost.providers.hubspot.sandbox.app import HubSpotSandbox

__all__ = ["HubSpotSandbox"]
