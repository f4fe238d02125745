"""The demo: an S3 server with sample data and a JupyterLab that shows it, all in one temporary folder.

This is the only part of the package that imports moto, JupyterLab or xarray; they come with the extra ``demo``.
"""

from __future__ import annotations

from .lab import run

__all__ = ["run"]
