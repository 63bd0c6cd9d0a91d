"""Clients of every kind for a server under test, mixed, slow and hostile, and a watch on its processes."""
