"""The demo orgs: a small Genesys Cloud to look at, to train on and to test against."""
