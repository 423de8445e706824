"""A server that exists only in a temporary folder: recorded answers in, requested changes out."""

from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
