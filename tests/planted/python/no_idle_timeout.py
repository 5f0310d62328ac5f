"""Waits for ever."""

from base import Client, work


class Patient(Client):
    idle_s = None


work(Patient())
