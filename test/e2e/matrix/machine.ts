import { spawnSync } from "node:child_process";

/** CPU seconds for 300 processes on the machine that the limits in promises.ts were set on. */
const USUAL = 0.5;

/**
 * How much more CPU time this machine needs to start a process than the usual one; at least 1. A server
 * that comes up starts hundreds of them, and what a process costs differs by a factor of ten between
 * virtual machines.
 */
export function slowness(): number {
  const many = "for i in {1..300}; do /bin/true; done; times";
  const { stdout } = spawnSync("bash", ["-c", many], { encoding: "utf8" });
  // The second line has the children's: 0m0.727s 0m1.496s.
  const seconds = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)]
    .slice(-2)
    .map(([, minutes, rest]) => 60 * Number(minutes) + Number(rest));
  return Math.max(1, seconds.reduce((sum, one) => sum + one, 0) / USUAL);
}
