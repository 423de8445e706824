"""A server that exists only in a temporary folder: recorded answers in, requested changes out."""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "files" / "scripts"))
sys.dont_write_bytecode = True
