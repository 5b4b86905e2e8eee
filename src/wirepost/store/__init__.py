"""One database behind one interface: a single writer with group commit, and readers."""
