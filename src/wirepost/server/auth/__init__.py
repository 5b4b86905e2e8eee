"""Who may call over HTTP: callers with a token of this server, or with an access token of an issuer."""
