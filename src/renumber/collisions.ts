import { assignmentsOf } from "../base/dotenv.ts";
import type { Issue } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { lineCounter } from "../base/line-counter.ts";
import { formatAddress } from "../ip/address.ts";
import { findTokens, subnetOf } from "../ip/find-addresses.ts";
import { isAddressVariable } from "../render/env-variables.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";

/** The addresses of a plan that only one machine or container may have. */
const singles = ({ numbers }: Plan) => [
  { flag: "--kong", who: "Kong", address: numbers.kong },
  ...(numbers.host
    ? [{ flag: "--host", who: "the server", address: numbers.host.address }]
    : []),
  ...[...numbers.expose].map(([who, address]) => ({
    flag: "--expose",
    who,
    address,
  })),
];

/**
 * Warns where the owner's files have the new address of Kong, the server or a container of --expose
 * already: it may be another container's, and only the owner can tell. No address of the owner's is
 * rewritten to one of these (newValues() in moves.ts).
 * @param files path and text before anything is rewritten
 * @param before earlier plans, newest first
 * @param rendered a generated line with the address is Kong's or the server's own
 * @param generated what was generated last, by path: this run rewrites its lines
 */
export function collisions(
  files: Iterable<readonly [path: string, text: string]>,
  present: Plan,
  before: readonly Plan[],
  rendered: Tree,
  generated: Readonly<Record<string, { readonly text?: string }>> = {},
): Issue[] {
  // An address that it had before is no collision.
  const changed = singles(present).filter(
    ({ who, address }) =>
      !before.some((plan) =>
        singles(plan).some((one) => one.who === who && one.address === address),
      ),
  );
  if (changed.length === 0) return [];
  const isGenerated = (path: string, line: string): boolean =>
    (path === SECRET_FILE &&
      assignmentsOf(line).some(({ key }) => isAddressVariable(key))) ||
    [rendered.get(path)?.text, generated[path]?.text].some((made) =>
      made?.split("\n").includes(line),
    );
  return [...files].flatMap(([path, text]) => {
    const lineAt = lineCounter(text);
    return findTokens(text).flatMap((token) =>
      changed
        .filter(
          ({ address }) =>
            token.version === 6 &&
            token.value === address &&
            !subnetOf(token) &&
            !isGenerated(path, lineOf(text, token.start)),
        )
        .map(({ flag, who, address }): Issue => ({
          flag,
          value: formatAddress(6, address),
          reason: `${path}:${lineAt(token.start)} already contains this address`,
          remedy: `Make sure that only ${who} gets it`,
        })),
    );
  });
}

const lineOf = (text: string, place: number): string => {
  const end = text.indexOf("\n", place);
  const line = text.slice(
    text.lastIndexOf("\n", place) + 1,
    end < 0 ? undefined : end,
  );
  return line.replace(/\r$/, "");
};
