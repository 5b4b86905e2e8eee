"""Requests that others send: what they are made of, what makes them genuine, what they say."""
