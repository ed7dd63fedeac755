"""Parses an uploaded file in chunks: a HAR is reduced to its calls, and the file is never stored."""

from io import BytesIO

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.paste_file import PasteFile


class UploadedPaste(InMemoryUploadedFile):
    """An uploaded file, already parsed. `problem` says why nothing could be read, "" otherwise."""

    def __init__(self, text: str, problem: str, field_name: str | None) -> None:
        data = text.encode("utf-8", "replace")
        super().__init__(BytesIO(data), field_name, "paste.txt", "text/plain", len(data), "utf-8")
        self.problem = problem


class PasteUploadHandler(FileUploadHandler):
    """Uses bounded memory whatever is sent: one HAR entry, or the maximum size of a paste."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]
        self.paste = PasteFile()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.paste.feed(raw_data)

    def file_complete(self, file_size: int) -> UploadedPaste:
        try:
            return UploadedPaste(self.paste.text(), "", self.field_name)
        except Unreadable as error:
            return UploadedPaste("", str(error), self.field_name)
