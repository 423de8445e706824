import { slowness } from "../matrix/machine.ts";
import type { Lab } from "../lab/lab.ts";

export const UNIT = "kong-ipv6-revert";

/** How long a revert may take after the time is up, in seconds: 10, and more on a slower machine. */
export const SLACK = 10 * slowness();

/** Waits until the server has reverted the change; returns the seconds from the start of the timer to the end of that. */
export async function reverted({ host }: Lab): Promise<number> {
  const seconds = await host.sh(
    `until [ ! -e /etc/systemd/system/${UNIT}.service ] && ! systemctl show --property=ActiveState ${UNIT}.service | grep -q activating; do sleep 0.1; done
    time_of() { journalctl --quiet --output=short-unix --lines=1 "$@" | cut -d ' ' -f 1; }
    time_of --unit=${UNIT}.timer --grep=Started
    time_of --unit=${UNIT}.service`,
    { timeoutMs: 120_000 },
  );
  const [started, ended] = seconds.trim().split("\n").map(Number);
  return ended! - started!;
}
