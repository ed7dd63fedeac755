"""Predicts the verdict of a stored run after changes of its call or its org, from its stored evidence. Sends nothing."""

from diagnostics.runs.what_if.changes import ChangeKind, PlannedChange
from diagnostics.runs.what_if.prediction import PredictedEffect, Prediction, Predictor
from diagnostics.runs.what_if.suggestions import SmallestChange, smallest_change

__all__ = [
    "ChangeKind",
    "PlannedChange",
    "PredictedEffect",
    "Prediction",
    "Predictor",
    "SmallestChange",
    "smallest_change",
]
