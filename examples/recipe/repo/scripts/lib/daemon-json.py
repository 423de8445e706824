"""daemon-json.py EXISTING OURS: prints Docker's configuration with our keys merged in.

Every other key stays, in its order and with the file's own indentation. Exits 1
with the reason where EXISTING is no JSON object; prints it unchanged where it
holds our keys already.
"""

import json
import re
import sys

existing, ours = sys.argv[1:]
with open(existing) as file:
    text = file.read()
try:
    before = json.loads(text or "{}")
except ValueError as error:
    sys.exit(str(error))
if not isinstance(before, dict):
    sys.exit("it holds no JSON object")
with open(ours) as file:
    after = {**before, **json.load(file)}
if after != before:
    indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    text = json.dumps(after, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"
sys.stdout.write(text)
