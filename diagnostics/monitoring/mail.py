"""Sends an email through the operator's mail server and returns the server's reply."""

import contextlib
import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from diagnostics.monitoring.channels.responses import Reply

MAX_REPLY = 500


class _ReplyRecorder(smtplib.SMTP):
    """Keeps the server's reply to the message, and the recipients it refused."""

    reply: tuple[int, bytes] = (0, b"")
    refused: dict[str, tuple[int, bytes]] = {}

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.reply = super().data(msg)
        return self.reply

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.refused = super().sendmail(*args, **kwargs)
        return self.refused


class _TlsReplyRecorder(_ReplyRecorder, smtplib.SMTP_SSL):
    """The same with implicit TLS."""


class _RecordingBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _TlsReplyRecorder if self.use_ssl else _ReplyRecorder


def is_configured() -> bool:
    return bool(settings.EMAIL_HOST)


def send(subject: str, text: str, html: str, to: Sequence[str], headers: dict[str, str]) -> Reply:
    """Never raises because of the mail server: errors are replies too."""
    if not is_configured():
        return Reply(error="not_set_up", text="Email isn't configured. Your administrator has to set EMAIL_URL.")
    message = EmailMultiAlternatives(
        subject, text, to=list(to), headers={"Auto-Submitted": "auto-generated", **headers}
    )
    message.attach_alternative(html, "text/html")
    server = _RecordingBackend()
    try:
        server.open()
        server.send_messages([message])
        return _accepted(server.connection, len(to))
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(*max(error.recipients.values(), key=lambda refusal: refusal[0]))
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except (OSError, ValueError) as error:  # smtplib's exceptions are OSErrors
        return Reply(error="unreachable", text=f"Couldn't connect to the mail server: {_reply_text(str(error))}")
    finally:
        with contextlib.suppress(OSError):
            server.close()


def _accepted(connection: Any, recipients: int) -> Reply:
    code, reply = connection.reply
    text = f"{code} {_reply_text(reply)}"
    if connection.refused:
        first = next(iter(connection.refused.values()))
        text = f"{len(connection.refused)} of {recipients} recipients were refused ({first[0]} {_reply_text(first[1])}). {text}"
    return Reply(status=code, text=text)


def _refused(code: int, reply: bytes | str) -> Reply:
    """4xx is temporary and 5xx permanent (RFC 5321), except a refused login, which can be fixed in our settings."""
    is_final = code >= 500 and code not in (530, 534, 535, 538)
    return Reply(status=code, error="rejected" if is_final else "later", text=f"{code} {_reply_text(reply)}")


def _reply_text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:MAX_REPLY]
