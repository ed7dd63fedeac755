"""What an org says of itself, as values: its providers, what a client may do in it, and what became different."""
