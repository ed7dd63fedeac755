"""Work on connections of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def in_threads(count: int, work: Callable[[int], Result]) -> list[Result]:
    """The results of the work, done at the same time with the numbers from 0."""

    def one(number: int) -> Result:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def in_thread(work: Callable[[], Result]) -> Result:
    return in_threads(1, lambda number: work())[0]
