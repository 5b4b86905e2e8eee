"""The Events extension of MCP (SEP-3415): types of events are listed, and arrive in one of three ways."""
