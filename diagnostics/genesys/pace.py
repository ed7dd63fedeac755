"""The pace at which requests are sent to an org: the interface between the client and what counts its requests."""

from diagnostics.genesys.exchange import HttpExchange


class Pace:
    """Sends at once and counts nothing. `orgs.rate_limits.ClientPace` keeps to the org's rate limit.

    `waited_s` is how long requests waited so far. `wait_s` is how long to wait after `may_send` returned False.
    """

    waited_s = 0.0
    wait_s = 0.0

    @property
    def may_speculate(self) -> bool:
        """Whether reads may be sent before it is known that the client works. Not while the rate limit is unknown."""
        return True

    def may_send(self) -> bool:
        """Wait until one more request may be sent. False if that would take too long."""
        return True

    def note(self, exchange: HttpExchange) -> None:
        """Record a request that was sent, with its response."""


UNPACED = Pace()
