"""Many at the same moment, for the tests of what only happens then."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(*calls):
    """Start the calls together, ten at a time, each on a database connection of its own.

    Returns their answers in the order of the calls, the exceptions that they raised among them.
    """
    start = threading.Event()

    def answer(call):
        start.wait()
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(answer, call) for call in calls]
        start.set()
    return [answer.result() for answer in answers]
