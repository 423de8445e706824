import type { Plan } from "../plan/plan.ts";
import type { Probe } from "../probe/probe.ts";
import type { Row } from "./row.ts";

export type DeployOutcome =
  "confirmed" | "reverted" | "unchanged" | "refused" | "failed" | "planned";

/** What a deploy needs. */
export interface Deployment {
  readonly directory: string;
  readonly plan: Plan;
  /** Earlier plans, newest first. */
  readonly previous: readonly Plan[];
  /** USER@HOST, parsed; the likeliest first. */
  readonly logins: readonly [string, ...string[]];
  /** The repository's directory on the server. */
  readonly path: string;
  /** Seconds. */
  readonly confirmWithin: number;
  readonly keep: boolean;
  readonly dryRun: boolean;
  /** Whether ssh can ask for a password. */
  readonly terminal: boolean;
  readonly say: (row: Row) => void;
  /** Whether to apply the plan. */
  readonly consent: () => Promise<boolean>;
  readonly probe: () => Promise<Probe>;
  /** The name of the host key of a login. */
  readonly hostKeyOf: (login: string) => Promise<string>;
}
