import { LOCK, python } from "./on-server.ts";

/**
 * Prints what became of this deploy's change, as one line of JSON. It reads the journal of apply.sh
 * (scripts/kong_ipv6/journal.py, confirm.py) by itself: after a revert, PATH may have an older program.
 * busy: a run is going on; waiting: for the confirmation; incomplete: to be reverted; confirmed: applied,
 * and stays; reverted, also where nothing is applied at all; none: the change has never begun.
 */
const STATE = `
import fcntl, hashlib, json, os, sys
path, digest, lock, journal = sys.argv[1:]
def is_busy():
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
def is_own(folder):
    try:
        with open(os.path.join(folder, ".kong-ipv6.deployed"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() == digest
    except OSError:
        return False
def facts():
    with open(os.path.join(journal, "manifest"), encoding="utf-8", errors="surrogateescape", newline="") as file:
        fields = [line.split("\\t") for line in file.read().split("\\n")]
    return [one for one in fields if len(one) == 4 and one[3] == "."]
def state():
    try:
        found = facts()
    except FileNotFoundError:
        return "reverted"
    def copy(wanted):
        return next((os.path.join(journal, "copies", value) for kind, _, value, _ in found if kind == wanted), None)
    pending, applied = copy("pending"), copy("applied")
    if applied and is_own(applied):
        return "confirmed"
    if pending:
        incomplete = any(one[:2] == ["todo", "apply"] for one in found)
        return ("incomplete" if incomplete else "waiting") if is_own(pending) else "none"
    # A revert restores PATH too. Where PATH is still this deploy's, an earlier change was reverted.
    decided = any(one[0] == "decided" and one[2] == "reverted" for one in found)
    return "reverted" if decided and not is_own(path) else "none"
# Before the journal is read: a run that ends now has written it.
busy = is_busy()
print(json.dumps({"state": "busy" if busy else state()}))
`;

/** @param digest the sha256 of this deploy's .kong-ipv6.deployed, which has an ID of its own */
export const stateCommand = (
  path: string,
  digest: string,
  lock = LOCK,
  journal = "/var/lib/kong-ipv6",
): string => python(STATE, path, digest, lock, journal);
