"""One Starlette app and one MCP server object behind every way in."""
