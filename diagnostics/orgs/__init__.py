"""OAuth clients and their orgs: connection, status, providers, permissions, changes and configuration sync."""
