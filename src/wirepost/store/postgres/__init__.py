"""PostgreSQL as the database, which several servers may share."""
