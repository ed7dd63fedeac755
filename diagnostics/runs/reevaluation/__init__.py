"""Runs today's checks over the stored evidence of a run, offline. Sends and stores nothing."""
