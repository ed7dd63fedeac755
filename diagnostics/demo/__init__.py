"""The demo orgs: a small simulation of Genesys Cloud for demos, training and tests."""
