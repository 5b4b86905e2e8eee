"""`GeminiClient`: requests to Gemini's API."""

from __future__ import annotations

from typing import ClassVar

from wirepost.upstream.google import GoogleClient, Json

__all__ = ["API_VERSION", "GeminiClient", "Json"]

API_VERSION = "v1beta"


class GeminiClient(GoogleClient):
    """One connection to Gemini for the time of one call."""

    version: ClassVar[str] = API_VERSION
