"""Django's PostgreSQL backend, which fails soon when the server has stopped answering."""
