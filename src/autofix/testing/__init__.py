"""Fakes and builders for users and for our own tests."""
