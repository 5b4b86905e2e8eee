"""The configuration files of MCP clients: where they are, and how an entry is put in and taken out."""
