"""The admin's pages of people and of what belongs to them; the gate before it: config/gate.py."""

from accounts.admin import addresses, connections, devices, people

__all__ = ["addresses", "connections", "devices", "people"]
