"""daemon-json.py NOW OURS [LAST BEFORE]: prints Docker's configuration NOW with the
keys of OURS merged in; and those that only LAST has, what was merged in before,
as they were in BEFORE.

Every other key stays, in its order and with the file's own indentation; NOW is
printed unchanged where nothing of it changes. Exits 1 with the reason where one
of them is no JSON object; with 3 and nothing where OURS has no key and what is
left says what BEFORE says.
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
        sys.exit("it holds no JSON object")
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
