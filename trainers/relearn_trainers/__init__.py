"""Training jobs for Relearn: the wrapper that every launcher starts, a helper for trainers, and two trainers."""

from .contract import Job

__all__ = ["Job"]
