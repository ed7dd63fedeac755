"""Any two runs side by side: what differs in what they saw, were given and found, and what explains it. Pure."""
