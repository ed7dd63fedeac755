"""Runs the product on one machine: data folder, Postgres, broker and supervisor."""
