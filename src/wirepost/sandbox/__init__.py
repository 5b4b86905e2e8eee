"""The sandbox world: one imaginary shop, served by in-memory vendors that speak the real HTTP APIs."""
