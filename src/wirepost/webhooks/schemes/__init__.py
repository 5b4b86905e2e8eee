"""How senders show that a request is theirs: each scheme a value, which senders' modules name."""
