import { describe, expect, it } from "vitest";
import { GENERATIONS } from "../e2e/lab/roots.ts";
import { type Breakage, compose, example, served } from "./server.ts";

/** The scripts read the same values from .env and docker-compose.yml as compose. */

const KONG = "2001:db8:1:2:300::8100";
const SOURCE =
  "source scripts/lib/plan.sh; source scripts/lib/common.sh; source scripts/lib/docker.sh; ask_compose";

/** Each line with its value. */
const LINES: Record<string, string> = {
  [`KONG_BIND_IPV6=${KONG}`]: KONG,
  [`KONG_BIND_IPV6="${KONG}"`]: KONG,
  [`KONG_BIND_IPV6="${KONG}" # mine`]: KONG,
  [`KONG_BIND_IPV6='${KONG}' # "mine"`]: KONG,
  [`KONG_BIND_IPV6=${KONG} # mine`]: KONG,
  [`export KONG_BIND_IPV6=${KONG}`]: KONG,
  [`KONG_BIND_IPV6 = ${KONG}  `]: KONG,
  [`KONG_BIND_IPV6=::1\nKONG_BIND_IPV6=${KONG}`]: KONG,
  "KONG_BIND_IPV6=a#b": "a#b",
};

describe.each(GENERATIONS)("%s", (generation) => {
  it.concurrent.each(Object.entries(LINES))(
    "the scripts read %s as compose does",
    async (line, value) => {
      const broken: Breakage = {
        file: ".env",
        from: /^KONG_BIND_IPV6=.*$/m,
        to: line,
      };
      const config = `${await compose(generation)} config | sed -n 's/^ *ipv6_address: //p'`;
      const [ours, theirs] = await served(
        generation,
        example("recipe"),
        { broken },
        [`${SOURCE}; setting KONG_BIND_IPV6`, config],
      );
      expect(theirs!.trim().replaceAll(/['"]/g, "")).toBe(value);
      expect(ours).toBe(value);
    },
  );

  it("finds each service's image, also the owner's, and whether it is built or pulled", async () => {
    const broken: Breakage = {
      file: "docker-compose.yml",
      from: "\nservices:\n",
      to: `
x-mine:
  other:
    image: no:service
services:
  mine:
    image: "registry.example:5000/mine:1@sha256:${"0".repeat(64)}"
    environment:
      image: no-image
  built:
    build: ./kong-build
`,
    };
    const [images] = await served(generation, example("recipe"), { broken }, [
      `${SOURCE}; images`,
    ]);
    const joined = generation === "bookworm" ? "_" : "-";
    expect(images!.trim().split("\n").sort()).toEqual([
      `built build kong-ipv6${joined}built`,
      "kong build kong-ipv6:local",
      "kong-database pull postgres:17",
      "kong-migration build kong-ipv6:local",
      `mine pull registry.example:5000/mine:1@sha256:${"0".repeat(64)}`,
    ]);
  });
});
