"""Upgrades from earlier builds in place: `make upgrade`."""
