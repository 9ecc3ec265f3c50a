"""What the DAG beside it calls from a module of its own."""

import functools


def plain(a, b=2):
    return a + b


class Adder:
    kind = "adder"

    def __init__(self, n):
        self.n = n

    def __call__(self, m):
        return self.n + m

    def times(self, m):
        return self.n * m

    @staticmethod
    def same(m):
        return m

    @classmethod
    def named(cls, m):
        return f"{cls.__name__} {m}"


def loud(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return f"<{function(*args, **kwargs)}>"

    return inner


@loud
def decorated(a):
    return a
