"""The web: webhooks, the API and the pages, served by uvicorn. The only home of FastAPI."""
