"""Hands one e-mail to the operator's mail server, and tells what that server said to it."""

import contextlib
import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from diagnostics.monitoring.channels.responses import Reply

LONGEST_REPLY = 500


class _ReplyRecorder(smtplib.SMTP):
    """Remembers what the server said to the message, and which recipients it did not take."""

    said: tuple[int, bytes] = (0, b"")
    refused: dict[str, tuple[int, bytes]] = {}

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.said = super().data(msg)
        return self.said

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.refused = super().sendmail(*args, **kwargs)
        return self.refused


class _TlsReplyRecorder(_ReplyRecorder, smtplib.SMTP_SSL):
    """The same over TLS from the first byte on."""


class _Server(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _TlsReplyRecorder if self.use_ssl else _ReplyRecorder


def is_set_up() -> bool:
    return bool(settings.EMAIL_HOST)


def send(subject: str, text: str, html: str, to: Sequence[str], headers: dict[str, str]) -> Reply:
    """As the server answered. What went wrong is a value as well."""
    if not is_set_up():
        return Reply(
            error="not_set_up", words="No mail server is set up here: whoever runs this server sets EMAIL_URL."
        )
    message = EmailMultiAlternatives(
        subject, text, to=list(to), headers={"Auto-Submitted": "auto-generated", **headers}
    )
    message.attach_alternative(html, "text/html")
    server = _Server()
    try:
        server.open()
        server.send_messages([message])
        return _accepted(server.connection, len(to))
    except smtplib.SMTPRecipientsRefused as fault:
        return _refused(*max(fault.recipients.values(), key=lambda each: each[0]))
    except smtplib.SMTPResponseException as fault:
        return _refused(fault.smtp_code, fault.smtp_error)
    except (OSError, ValueError) as fault:  # smtplib's own faults are OSErrors
        return Reply(error="unreachable", words=f"No connection to the mail server: {_reply_text(str(fault))}")
    finally:
        with contextlib.suppress(OSError):
            server.close()


def _accepted(connection: Any, recipients: int) -> Reply:
    code, said = connection.said
    words = f"{code} {_reply_text(said)}"
    if connection.refused:
        first = next(iter(connection.refused.values()))
        words = f"{len(connection.refused)} of {recipients} recipients were refused ({first[0]} {_reply_text(first[1])}). {words}"
    return Reply(status=code, words=words)


def _refused(code: int, said: bytes | str) -> Reply:
    """By the rules of SMTP a 4xx may pass by itself and a 5xx does not; a login that is refused is mended here."""
    is_final = code >= 500 and code not in (530, 534, 535, 538)
    return Reply(status=code, error="rejected" if is_final else "later", words=f"{code} {_reply_text(said)}")


def _reply_text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:LONGEST_REPLY]
