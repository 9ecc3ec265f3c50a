"""A setting for the time of a test."""


def set_transport_variable():
    return None
