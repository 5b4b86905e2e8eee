"""SQLite as the database: a file in the data directory, which one server owns."""
