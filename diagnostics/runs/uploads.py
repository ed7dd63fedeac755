"""Reads an uploaded file piece by piece: a HAR is cut to its calls, and no file of it is kept."""

from io import BytesIO

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.paste_file import PasteFile


class Paste(InMemoryUploadedFile):
    """A file that was read on its way in. `trouble` says why nothing could be read of it, "" otherwise."""

    def __init__(self, text: str, trouble: str, field_name: str | None) -> None:
        data = text.encode("utf-8", "replace")
        super().__init__(BytesIO(data), field_name, "paste.txt", "text/plain", len(data), "utf-8")
        self.trouble = trouble


class PasteUploadHandler(FileUploadHandler):
    """Its memory is bounded whatever is sent: one entry of a HAR, or what a paste may hold."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]
        self.paste = PasteFile()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.paste.feed(raw_data)

    def file_complete(self, file_size: int) -> Paste:
        try:
            return Paste(self.paste.text(), "", self.field_name)
        except Unreadable as trouble:
            return Paste("", str(trouble), self.field_name)
