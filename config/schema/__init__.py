"""The database's schema as it is, for people to read: /admin/schema/."""
