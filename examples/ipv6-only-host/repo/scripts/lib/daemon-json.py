"""daemon-json.py NOW OURS [BEFORE]: prints Docker's configuration NOW with our keys
merged in; with BEFORE, with our keys as they were in that file.

Every other key stays, in its order and with the file's own indentation; NOW is
printed unchanged where nothing of it changes. Exits 1 with the reason where one
of them is no JSON object; with 3 and nothing where the result says what BEFORE
says.
"""

import json
import re
import sys


def read(path):
    with open(path) as file:
        text = file.read()
    try:
        keys = json.loads(text or "{}")
    except ValueError as error:
        sys.exit(str(error))
    if not isinstance(keys, dict):
        sys.exit("it holds no JSON object")
    return text, keys


text, now = read(sys.argv[1])
ours = read(sys.argv[2])[1]
if len(sys.argv) == 3:
    after = {**now, **ours}
else:
    before = read(sys.argv[3])[1]
    kept = {key: now[key] for key in now if key not in ours or key in before}
    after = {**kept, **{key: before[key] for key in ours if key in before}}
    if after == before:
        sys.exit(3)
if after != now:
    indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    text = json.dumps(after, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"
sys.stdout.write(text)
