"""Where secrets are kept: references to other stores resolved, and what is stored here sealed."""
