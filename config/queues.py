"""Names and types of the Celery queues, and which queues each kind of worker consumes."""

from kombu import Exchange, Queue

RUNS = "runs"  # runs that people start
SCHEDULED = "scheduled"  # scheduled runs
TICKS = "ticks"  # consumed by both kinds of worker, so that a tick never waits behind runs
ALL = (RUNS, SCHEDULED, TICKS)

INTERACTIVE = f"{RUNS},{TICKS}"
BACKGROUND = f"{SCHEDULED},{TICKS}"

# Of RabbitMQ: quorum queues are replicated between its nodes.
TYPES = ["classic", "quorum"]


def rabbitmq_queues(queue_type: str) -> list[Queue]:
    """All queues, declared with their type.

    Without it a virtual host's default applies, which Celery doesn't know: it would then ask quorum queues for global
    QoS, which they refuse, and the worker would reconnect forever.
    """
    arguments = {"x-queue-type": queue_type}
    return [Queue(name, Exchange(""), routing_key=name, queue_arguments=arguments) for name in ALL]
