"""Alembic's entry: run the migrations on the connection that `store/migrate.py` opened."""

from alembic import context

# The transaction is the caller's: everything is migrated, or nothing is.
context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
