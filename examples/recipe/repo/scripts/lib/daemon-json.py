"""daemon-json.py NOW OURS [LAST BEFORE]: prints Docker's configuration NOW with the
keys of OURS merged in. LAST is what was merged in earlier: its keys that OURS does
not have get their value from BEFORE, or are removed.

All other keys keep their values, their order and the file's indentation. If
nothing changes, NOW is printed unchanged. Exits 1 with the reason if a file is
not a JSON object. Exits 3 and prints nothing if OURS has no keys and the result
equals BEFORE.
"""

import json
import re
import sys


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        keys = json.loads(text or "{}")
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if not isinstance(keys, dict):
        sys.exit("not a JSON object")
    return text, keys


(text, now), (_, ours), *older = [read(path) for path in sys.argv[1:]]
last, before = [keys for _, keys in older] or ({}, {})
left = last.keys() - ours.keys()
after = {key: now[key] for key in now if key not in left or key in before}
after.update({key: before[key] for key in last if key in left and key in before})
after.update(ours)
if older and not ours and after == before:
    sys.exit(3)
if after != now:
    indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    text = json.dumps(after, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"
sys.stdout.write(text)
