"""When somebody is told of a change, what they are told, and in which form each channel wants it. Pure."""
