"""Predicts the verdict of a stored run after changes of its call or its org, from its stored evidence. Sends nothing."""
