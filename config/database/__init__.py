"""Django's PostgreSQL backend, with detection of a server that has stopped responding."""
