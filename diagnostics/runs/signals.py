"""What a run tells the packages above it: issues and monitoring connect to these signals in `receivers.py`.

Receivers run in the transaction that closes the run.
"""

from django.dispatch import Signal

# Arguments: run (Run), findings (list of Finding rows). Sent when a run closes, and again when what is kept of a closed
# run is written from its rows. A receiver that raises costs the run nothing: the failure is listed on the system page.
findings_stored = Signal()

# Argument: run (Run). Sent once, as the last step of closing a run by its worker. An exception undoes the closing.
run_closed = Signal()
