"""Other people's HTTP: one client, one retry policy, one set of limits."""
