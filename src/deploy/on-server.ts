import { sha256 } from "../repository/state.ts";
import { singleQuoted } from "../base/shell.ts";

// What runs on the server, as root. Every value is quoted, or arrives on standard input.

/** The lock of apply.sh (scripts/kong_ipv6/lock.py). */
export const LOCK = "/run/kong-ipv6.lock";

/** Only one run, or one copy, at a time. What a killed run started holds the lock until it ends. */
const LOCKED = `
import fcntl, time
def locked(file):
    for attempt in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.1)
    return False
lock = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT, 0o600)
`;

/** Reads, as one line of JSON: the .env, what the last deploy wrote, and edits since. */
const SURVEY = `
import hashlib, json, os, sys
path = os.path.realpath(sys.argv[1])
def text(name):
    try:
        with open(os.path.join(path, name), encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read(1 << 20)
    except OSError:
        return None
if os.path.lexists(path) and not os.path.isdir(path):
    sys.exit(path + " is not a directory")
try:
    last = json.loads(text(".kong-ipv6.deployed") or "{}")
except ValueError:
    last = {}
edited = []
for name, digest in last.get("files", {}).items():
    try:
        with open(os.path.join(path, name), "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != digest:
                edited.append(name)
    except OSError:
        pass
print(json.dumps({
    "path": path,
    "env": text(".env"),
    "base": last.get("env"),
    "edited": edited,
    "exists": os.path.isdir(path),
}))
`;

/** The files that the last deploy brought and this one doesn't. */
const GONE = `
import json, os, shutil, sys
path = os.path.realpath(sys.argv[1])
new, previous = path + ".new", path + ".previous"
os.umask(0o022)
def gone(names):
    try:
        with open(os.path.join(path, ".kong-ipv6.deployed"), encoding="utf-8") as file:
            last = json.load(file)["files"]
    except (OSError, ValueError, KeyError):
        return []
    return [name for name in last if name not in names and ".." not in name.split("/") and not name.startswith("/")]
`;

/**
 * Unpacks the archive on standard input into PATH.new. Its last entry says that it is complete. Prints the
 * names that differ from PATH, as one line of JSON. PATH.gone hides the files that this deploy deletes from
 * the preview: a character device 0, 0 does so in overlayfs.
 */
const RECEIVE = `${GONE}${LOCKED}
import filecmp, stat, tarfile
if not locked(lock):
    print(json.dumps({"refused": "another deploy, or a run of apply.sh, is in progress"}))
    sys.exit()
seen, hidden = [], path + ".gone"
def receive():
    for folder in (new, hidden):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, 0o755)
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
        for member in tar:
            name = member.name
            if name.startswith("/") or ".." in name.split("/"):
                sys.exit("unusable name in the archive: " + name)
            target = os.path.join(new, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if member.issym():
                os.symlink(member.linkname, target)
            else:
                with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
                    os.fchmod(file.fileno(), member.mode & 0o777)
                    file.flush()
                    os.fsync(file.fileno())
            seen.append(name)
    if seen[-1:] != [".kong-ipv6.deployed"]:
        sys.exit("the copy is not complete")
try:
    receive()
except (OSError, tarfile.TarError) as error:
    # A part of a copy must not keep the disk full.
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(hidden, ignore_errors=True)
    sys.exit(getattr(error, "strerror", None) or str(error))
def same(name):
    one, other = os.path.join(new, name), os.path.join(path, name)
    if os.path.islink(one) or os.path.islink(other):
        return os.path.islink(one) and os.path.islink(other) and os.readlink(one) == os.readlink(other)
    return os.path.isfile(other) and filecmp.cmp(one, other, False) and not (os.stat(one).st_mode ^ os.stat(other).st_mode) & 0o777
deleted = [name for name in gone(seen) if os.path.lexists(os.path.join(path, name))]
try:
    for name in [one for one in deleted if not os.path.lexists(os.path.join(new, one))]:
        os.makedirs(os.path.dirname(os.path.join(hidden, name)), exist_ok=True)
        os.mknod(os.path.join(hidden, name), stat.S_IFCHR, 0)
except OSError:
    # Without it there is no overlay: the preview runs in PATH.new.
    shutil.rmtree(hidden, ignore_errors=True)
print(json.dumps({"changed": [name for name in seen[:-1] if not same(name)] + deleted}))
`;

/**
 * Puts PATH.new in the place of PATH, file by file: data and files that exist only there stay. The files as
 * they were are in PATH.previous. A file that the last deploy brought and this one doesn't is deleted.
 * It prints rows as apply.sh --json does: apply.sh follows in the same command, so that nothing comes between.
 */
const INSTALL = `${GONE}${LOCKED}
import hashlib, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
digest, installed = sys.argv[3:]
def row(status, detail, **more):
    print(json.dumps({"step": "copy", "status": status, "detail": detail, **more}), flush=True)
def refuse(cause, remedy, outcome="refused"):
    row(outcome, cause, remedy=remedy)
    print(json.dumps({"outcome": outcome, "code": 1}))
    sys.exit(1)
def remove_new():
    for folder in (new, path + ".gone"):
        shutil.rmtree(folder, ignore_errors=True)
def is_pending():
    try:
        with open("/var/lib/kong-ipv6/manifest", "rb") as file:
            return any(line.startswith(b"pending\\t") and line.endswith(b"\\t.\\n") for line in file)
    except OSError:
        return False
def is_own():
    try:
        with open(os.path.join(new, ".kong-ipv6.deployed"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() == digest
    except OSError:
        return False
if not locked(lock):
    refuse("another deploy, or a run of apply.sh, is in progress", "Wait until it ends, and deploy again.")
if not is_own():
    refuse("another deploy has replaced or installed this copy", "Deploy again.")
if is_pending():
    remove_new()
    refuse("an earlier change waits for its confirmation", "Deploy again when it is confirmed or reverted.")
names = [os.path.relpath(os.path.join(folder, name), new) for folder, folders, files in os.walk(new) for name in files + [one for one in folders if os.path.islink(os.path.join(folder, one))]]
deleted = gone(names)
for name in names + deleted:
    here, parent = os.path.join(path, name), os.path.dirname(os.path.join(path, name))
    if os.path.isdir(here) and not os.path.islink(here):
        refuse(here + " is a directory, but a file in this copy", "Move it, and deploy again.")
    if os.path.lexists(parent) and os.path.realpath(parent) != parent:
        refuse(parent + " is a link", "Replace it by a directory, and deploy again.")
def install():
    if os.path.isdir(path):
        shutil.rmtree(previous + ".new", ignore_errors=True)
        os.makedirs(previous + ".new", 0o700)
        for name in names + deleted:
            here, kept = os.path.join(path, name), os.path.join(previous + ".new", name)
            if os.path.lexists(here):
                os.makedirs(os.path.dirname(kept), exist_ok=True)
                shutil.copy2(here, kept, follow_symlinks=False)
        shutil.rmtree(previous, ignore_errors=True)
        os.rename(previous + ".new", previous)
    os.makedirs(path, 0o755, exist_ok=True)
    for name in deleted:
        if os.path.lexists(os.path.join(path, name)):
            os.unlink(os.path.join(path, name))
    names.sort(key=lambda name: name == ".kong-ipv6.deployed")
    for name in names:
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        os.replace(os.path.join(new, name), os.path.join(path, name))
try:
    install()
except OSError as error:
    shutil.rmtree(previous + ".new", ignore_errors=True)
    remove_new()
    refuse(f"{error.strerror}: {error.filename}", "Nothing is applied. Deploy again when that works.", "failed")
remove_new()
os.sync()
row("ok", installed)
`;

/**
 * The plan of the new copy, before it is there: in a mount namespace of its own, PATH.gone and PATH.new lie
 * over PATH. Without overlayfs, and before the first deploy, it runs in PATH.new. No other deploy can replace
 * that meanwhile.
 */
const PREVIEW = `
p=$(realpath -m -- "$1")
cd /
refuse() {
	printf '{"step": "copy", "status": "refused", "detail": "%s"}\\n{"outcome": "refused", "code": 1}\\n' "$1"
	exit 1
}
exec 9>>"$3"
flock --shared --timeout 2 9 || refuse 'another deploy, or a run of apply.sh, is in progress'
[ "$(sha256sum <"$p.new/.kong-ipv6.deployed")" = "$2  -" ] || refuse 'another deploy has replaced this copy'
if [ -d "$p" ] && mount -t overlay -o "lowerdir=$p.gone:$p.new:$p" overlay "$p" 2>/dev/null; then cd -- "$p"; else cd -- "$p.new"; fi
exec ./scripts/apply.sh --dry-run --json --confirm-within "$4"
`;

/**
 * Before the installation, in the shell that then runs apply.sh: no other deploy to PATH installs anything until that
 * shell ends.
 */
export const holdPath = (path: string, run = "/run"): string => {
  const file = `${run}/kong-ipv6-deploy.${sha256(path).slice(0, 12)}`;
  const refused = `{"step": "copy", "status": "refused", "detail": "another deploy is in progress", "remedy": "Wait until it ends, and deploy again."}
{"outcome": "refused", "code": 1}`;
  return `exec 8>>${file} && flock --timeout 2 8 || { printf '%s\\n' ${singleQuoted(refused)}; exit 1; }`;
};

export const python = (program: string, ...values: string[]): string =>
  `python3 -B -c ${singleQuoted(program)} ${values.map(singleQuoted).join(" ")}`;

/** Command lines for the server's shell. */
export const surveyCommand = (path: string): string => python(SURVEY, path);
export const receiveCommand = (path: string, lock = LOCK): string =>
  python(RECEIVE, path, lock);
/**
 * @param digest the sha256 of the copy's .kong-ipv6.deployed: another deploy may have copied meanwhile
 * @param installed what to print when it is done
 */
export const installCommand = (
  path: string,
  {
    digest,
    installed,
    lock = LOCK,
  }: Readonly<Record<"digest" | "installed", string>> & { lock?: string },
): string => python(INSTALL, path, lock, digest, installed);
/** Removes PATH.new, unless it is another deploy's by now. */
const DISCARD = `
p=$(realpath -m -- "$1")
[ "$(sha256sum <"$p.new/.kong-ipv6.deployed")" != "$2  -" ] || rm -rf -- "$p.new" "$p.gone"
`;
export const discardCommand = (path: string, digest: string): string =>
  `sh -c ${singleQuoted(DISCARD)} sh ${singleQuoted(path)} ${singleQuoted(digest)}`;
export const previewCommand = (
  path: string,
  digest: string,
  within: number,
  lock = LOCK,
): string =>
  `unshare --mount sh -c ${singleQuoted(PREVIEW)} sh ${[path, digest, lock, String(within)].map(singleQuoted).join(" ")}`;
export const verifyCommand = (path: string): string =>
  `cd -- ${singleQuoted(path)} && exec ./scripts/verify.sh --json`;
export const applyCommand = (path: string, ...flags: string[]): string =>
  `cd -- ${singleQuoted(path)} && exec ./scripts/apply.sh ${flags.map(singleQuoted).join(" ")}`;
