"""OAuth 2: consents, and the tokens they give."""
