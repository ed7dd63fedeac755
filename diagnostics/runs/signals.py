"""Signals of a run for the packages above it; issues and monitoring connect to them in `receivers.py`.

Receivers run in the transaction that closes the run.
"""

from django.dispatch import Signal

# Arguments: run (Run), findings (list of Finding rows). Sent when a run closes, and again when the results of a closed
# run are stored from its rows. An exception does not affect the run: the failure is listed on the system page.
findings_stored = Signal()

# Argument: run (Run). Sent once, as the last step when a worker closes a run. An exception rolls the closing back.
run_closed = Signal()

# Argument: run (Run, of which only `pk` is current). Sent however a run ends, and again if its results are stored again. An
# exception does not affect the run: the failure is listed on the system page.
run_ended = Signal()
