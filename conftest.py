"""Plugins have to be named beside the root of the tests."""

pytest_plugins = ("pytest_jupyter.jupyter_server",)
