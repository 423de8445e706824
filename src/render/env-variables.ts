import type { PlanTexts } from "../plan/plan.ts";

interface Variable {
  readonly key: string;
  /** Random, made once. */
  readonly secret?: true;
  /** Its value, if answers give it; empty if a plan has none. */
  readonly of?: (plan: PlanTexts) => string;
}

/** The variable with the IPv4 address of Kong's ports. */
export const BIND_IPV4 = "KONG_BIND_IP";

/** The variables of every generated .env. */
export const VARIABLES: readonly Variable[] = [
  { key: "COMPOSE_PROJECT_NAME" },
  { key: "KONG_PG_PASSWORD", secret: true },
  { key: "KONG_BIND_IPV6", of: ({ kong }) => kong.address },
  { key: BIND_IPV4, of: ({ ipv4 }) => ipv4.bind },
  { key: "KONG_DATA_DIR", of: ({ data }) => data.directory },
];

/** The variables of a plan's .env. All others are the owner's. */
export const variablesOf = ({ others }: PlanTexts): readonly Variable[] => [
  ...VARIABLES,
  ...others.map(({ variable }): Variable => ({
    key: variable,
    of: (plan) =>
      plan.others.find((one) => one.variable === variable)?.address ?? "",
  })),
];

/** Whether a variable has the address of a container: Kong, or one of --expose. */
export const isAddressVariable = (key: string): boolean =>
  key === "KONG_BIND_IPV6" || /^EXPOSE_[A-Z0-9_]+_IPV6$/.test(key);
