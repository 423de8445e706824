"""Docker's daemon.json: our keys merged in, every other key left as it is, in its order and indentation."""

import json
import re
from typing import Any, Optional

from .system import System

# Our keys as they were merged in last.
LAST = "/var/lib/kong-ipv6/merged.json"

Keys = dict[str, Any]


def parse(text: str) -> Keys:
    """Raises ValueError where it isn't a JSON object."""
    keys = json.loads(text or "{}")
    if not isinstance(keys, dict):
        raise ValueError("not a JSON object")
    return keys


def merge(text: str, ours: Keys, last: Optional[Keys] = None, before: Optional[Keys] = None) -> str:
    """Returns text with our keys set. Keys of the last merge that ours no longer has get their value from before, or go.
    Returns text unchanged if no key changes."""
    now, last, before = parse(text), last or {}, before or {}
    left = last.keys() - ours.keys()
    after = {key: value for key, value in now.items() if key not in left or key in before}
    after.update({key: before[key] for key in last if key in left and key in before})
    after.update(ours)
    if after == now and text:
        return text
    indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return json.dumps(after, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"


def earlier(system: System, path: str, repository: bytes) -> tuple[Keys, Keys]:
    """What was merged in last, and the file before the first run; both empty on a server without a run."""
    if system.journal.fact("file", path) is None:
        return {}, {}
    last = system.read(LAST)
    before = system.journal.before(path)
    return parse((last or repository).decode()), parse(before.read_text() if before.is_file() else "")


def merged_for(system: System, ours: bytes, path: str) -> bytes:
    """What daemon.json becomes; as it is where it isn't valid: apply.sh refuses that."""
    now = system.read(path) or b""
    if not now.strip():
        return ours
    try:
        last, before = earlier(system, path, ours)
        return merge(now.decode(), parse(ours.decode()), last, before).encode()
    except ValueError:
        return now


def taken_out(system: System, path: str, repository: bytes) -> Optional[str]:
    """daemon.json without our keys; None where it is to be restored instead: it isn't there, isn't valid, or holds
    nothing else than before the first run."""
    now = system.read(path)
    if now is None or not system.on(path).is_file():
        return None
    try:
        last, before = earlier(system, path, repository)
        text = merge(now.decode(), {}, last, before)
        return None if parse(text) == before else text
    except ValueError:
        return None
