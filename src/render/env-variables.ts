import type { PlanTexts } from "../plan/plan.ts";

interface Variable {
  readonly key: string;
  /** Random, made once. */
  readonly secret?: true;
  /** Its value, if answers give it. */
  readonly of?: (plan: PlanTexts) => string;
}

/** The variables of the generated .env. All others are the owner's. */
export const VARIABLES: readonly Variable[] = [
  { key: "COMPOSE_PROJECT_NAME" },
  { key: "KONG_PG_PASSWORD", secret: true },
  { key: "KONG_BIND_IPV6", of: ({ kong }) => kong.address },
  { key: "KONG_BIND_IP", of: ({ ipv4 }) => ipv4.bind },
  { key: "KONG_DATA_DIR", of: ({ data }) => data.directory },
];
