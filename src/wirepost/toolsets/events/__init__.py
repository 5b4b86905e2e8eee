"""Tools about events: wait for them, look them up, say what is done with, and what to be told of."""
