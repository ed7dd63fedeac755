"""Work on connections of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def in_threads(count: int, work: Callable[[int], Result]) -> list[Result]:
    """The results of the work, done at the same time with the numbers from 0. TimeoutError after 30 s."""

    def one(number: int) -> Result:
        try:
            return work(number)
        finally:
            connection.close()

    pool = ThreadPoolExecutor(count)
    try:
        return list(pool.map(one, range(count), timeout=30))
    finally:
        pool.shutdown(wait=False)  # what the caller's transaction blocks goes on after it


def in_thread(work: Callable[[], Result]) -> Result:
    return in_threads(1, lambda number: work())[0]
