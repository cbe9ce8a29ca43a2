"""The admin's pages of people and of what belongs to them; the gate before it: config/gate.py."""

from accounts.admin import addresses, avatars, connections, devices, mail, people

__all__ = ["addresses", "avatars", "connections", "devices", "mail", "people"]
