"""An action that cannot be carried out, with the sentence that says why."""


class ActionRefused(Exception):
    """What was asked for cannot be done. str() is the sentence for the screen."""
