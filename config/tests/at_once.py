"""Many at the same moment, for the tests of what only happens then."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from django.db import connection
from django.test import Client


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


def rounds(*sides):
    """Play rounds: the first calls of all sides together, then the second ones, and so on.

    Each side keeps a database connection of its own. Returns the answers of each round, the
    exceptions that were raised among them.
    """
    together = threading.Barrier(len(sides), timeout=60)

    def play(calls):
        return [_answer(call, together) for call in calls]

    return list(zip(*at_once(*(partial(play, calls) for calls in sides)), strict=True))


def _answer(call, together):
    together.wait()
    try:
        return call()
    except Exception as error:
        return error


def side_by_side(function):
    """Return the function so that of two calls neither goes on before both have their answer.

    For what is read before it is written, where a lock should let one call in at a time: one that
    nobody joins within a moment goes on alone, and so do all after it.
    """
    both = threading.Barrier(2, timeout=0.5)

    def together(*args, **kwargs):
        answer = function(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            both.wait()
        return answer

    return together


def statuses(answers):
    """Return how many answers have which status; an exception counts as itself."""
    return Counter(getattr(answer, "status_code", answer) for answer in answers)


def browsers(person, number):
    """Return browsers that are signed in as the person."""
    made = [Client() for _ in range(number)]
    for browser in made:
        browser.force_login(person)
    return made


def posting(browser, path, form=None):
    """Return the call that sends the form."""
    return lambda: browser.post(path, form)
