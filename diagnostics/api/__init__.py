"""The door for other programs: `/api/v1/`, by token, with JSON."""
