"""Names and types of the Celery queues."""

from kombu import Exchange, Queue

RUNS = "runs"  # runs that people start
SCHEDULED = "scheduled"  # scheduled runs
ALL = (RUNS, SCHEDULED)

# Of RabbitMQ: quorum queues are replicated between its nodes.
TYPES = ["classic", "quorum"]


def rabbitmq_queues(queue_type: str) -> list[Queue]:
    """All queues, declared with their type.

    Without it a virtual host's default applies, which Celery doesn't know: it would then ask quorum queues for global
    QoS, which they refuse, and the worker would reconnect forever.
    """
    arguments = {"x-queue-type": queue_type}
    return [Queue(name, Exchange(""), routing_key=name, queue_arguments=arguments) for name in ALL]
