"""The exceptions for an action that can't be carried out."""


class ActionRefused(Exception):
    """The action can't be carried out. str() is the message for the user."""


class SecretMissing(ActionRefused):
    """The client has no secret, so nothing can be sent to its org."""
