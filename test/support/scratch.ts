import {
  chmodSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Where the tests of one run write their thousands of small files: in memory, where there is room for
 * them. vitest calls it before all tests, and what it returns after them.
 */
export default function scratch(): () => void {
  const parent = hasRoom("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = mkdtempSync(join(parent, "kong-"));
  // Some runs are another user's.
  chmodSync(path, 0o755);
  process.env["TMPDIR"] = path;
  return () => rmSync(path, { recursive: true, force: true });
}

function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize > 2 ** 30;
}
