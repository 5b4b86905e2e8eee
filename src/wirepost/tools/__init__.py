"""What a tool is: its declaration, its schema, its results."""
