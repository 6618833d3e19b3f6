"""The API under /api/v1: one module a noun, each a thin skin over a desk."""
