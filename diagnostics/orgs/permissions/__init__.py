"""What a client may do in its org, from the reading of its rights. Values in, values out."""
