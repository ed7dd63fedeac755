"""What a client is allowed to do in its org, from its latest sync. No database access."""
