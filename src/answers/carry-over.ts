import {
  contains,
  formatAddress,
  includes,
  parseAddress,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import { attempt } from "../base/errors.ts";
import { kongIn } from "./defaults.ts";
import { withAddresses } from "./expose-addresses.ts";
import { formatAnswers, parsedOf } from "./normal-form.ts";
import { questionOf } from "./questions.ts";
import { defaultExposed, hostAddress, whyNotKong } from "./suggestions.ts";
import type { Answers, Expose, ParsedAnswers } from "./types.ts";

/** Answers that lie in a subnet which is another answer, outermost first. */
const INSIDE = [
  ["host", "prefix"],
  ["gateway", "prefix"],
  ["exposed", "prefix"],
  ["internalPrefix", "prefix"],
  ["kong", "exposed"],
] as const;

/**
 * The answers after some of them changed. If a subnet moved, the answers inside it move along and
 * keep their place (host ::2 stays ::2), unless they are given themselves. If Kong's place does not
 * fit into a smaller subnet, Kong gets the default there. A container of --expose that is named without
 * an address keeps the one that it has. A login at the server's address follows that address. A default
 * gateway changes with `--host keep`, a default NDP proxy with the delivery.
 * @param given new values in normal form
 */
export function move(answers: Answers, given: Partial<Answers>): Answers {
  const previous = parsedOf(answers);
  const changed = parsedOf(given);
  const moved: ParsedAnswers = { ...previous, ...changed };
  for (const [key, around] of INSIDE) {
    const from = previous[around];
    const to = moved[around];
    if (changed[key] !== undefined || includes(to, from)) continue;
    const carried =
      key === "host"
        ? movedHost(from, to, moved)
        : key === "exposed"
          ? movedExposed(from, to, moved)
          : carriedTo(moved[key], from, to, key === "kong");
    Object.assign(moved, { [key]: carried ?? moved[key] });
  }
  moved.expose = movedExpose(previous, changed.expose, moved);
  const user = loginAt(previous.ssh, hostAddress(previous));
  const address = hostAddress(moved);
  if (changed.ssh === undefined && user !== undefined && address !== undefined)
    moved.ssh = user + formatAddress(6, address);
  // A gateway or proxy that the owner chose stays.
  for (const key of ["gateway", "ndp"] as const) {
    const usual = questionOf(key).fallback;
    if (changed[key] === undefined && previous[key] === usual(previous))
      Object.assign(moved, { [key]: usual(moved) });
  }
  return formatAnswers(moved);
}

/** undefined for a value that is not an address or a subnet in `from`. */
function carriedTo(
  value: ParsedAnswers["gateway" | "internalPrefix" | "kong"],
  from: Subnet,
  to: Subnet,
  isKong: boolean,
): typeof value | undefined {
  if (typeof value === "string") return undefined;
  if (typeof value === "bigint")
    return isKong ? movedKong(value, from, to) : movedAddress(value, from, to);
  return movedSubnet(value, from, to);
}

/** As carriedTo(). In a longer prefix of another length the server has no place that is known. */
function movedHost(
  from: Subnet,
  to: Subnet,
  { host, delivery }: ParsedAnswers,
): ParsedAnswers["host"] | undefined {
  if (host === "keep" || !contains(from, host.address)) return undefined;
  if (isOther(from, to)) {
    // The prefix is now given more exactly: the server stays where it is.
    if (includes(from, to)) return undefined;
    if (delivery === "routed") return "keep";
  }
  const address = movedAddress(host.address, from, to);
  return address === undefined ? undefined : { ...host, address };
}

const isOther = (from: Subnet, to: Subnet): boolean =>
  to.length > 64 && to.length !== from.length;

/**
 * Whether the server's address was moved to a place that only the provider knows: then it has to be
 * given (see missing.ts).
 */
export function isHostUnknown(
  answers: Answers,
  given: Partial<Answers>,
  moved: Answers,
): boolean {
  const [before, after] = [parsedOf(answers), parsedOf(moved)];
  return (
    given.host === undefined &&
    moved.host !== "keep" &&
    moved.host !== answers.host &&
    isOther(before.prefix, after.prefix)
  );
}

/** If the exposed subnet has no place in the new prefix, it gets the default there. */
function movedExposed(
  from: Subnet,
  to: Subnet,
  moved: ParsedAnswers,
): Subnet | undefined {
  const { exposed } = moved;
  if (!includes(from, exposed)) return undefined;
  return movedSubnet(exposed, from, to) ?? defaultExposed(moved);
}

function movedKong(kong: bigint, from: Subnet, to: Subnet): bigint {
  const place = kong - from.network;
  const moved = to.network + place;
  return place < size(to) && whyNotKong(to, moved) === undefined
    ? moved
    : kongIn(to);
}

/** The containers of --expose: those in the exposed subnet move with it, and each without an address gets one. */
function movedExpose(
  { exposed: from, expose: previous }: Readonly<ParsedAnswers>,
  given: readonly Expose[] | undefined,
  moved: Readonly<ParsedAnswers>,
): readonly Expose[] {
  const to = moved.exposed;
  const place = (address: bigint | undefined): bigint | undefined => {
    if (address === undefined || includes(to, from)) return address;
    if (!contains(from, address)) return address;
    const there = to.network + (address - from.network);
    const fits = contains(to, there) && whyNotKong(to, there) === undefined;
    return fits && there !== moved.kong ? there : undefined;
  };
  const kept = previous.map((one) => ({ ...one, address: place(one.address) }));
  const expose = (given ?? kept).map((entry) => ({
    ...entry,
    address:
      entry.address ?? kept.find(({ name }) => name === entry.name)?.address,
  }));
  // A removed container may still run, and its DNS records still exist.
  const removed = previous.flatMap(({ name, address }) =>
    expose.some((one) => one.name === name) ? [] : (address ?? []),
  );
  return withAddresses({ ...moved, expose }, removed);
}

/** `root@` of `root@2001:db8::2` if that is the address; undefined for any other login. */
export function loginAt(
  ssh: string,
  address: bigint | undefined,
): string | undefined {
  if (address === undefined) return undefined;
  const at = ssh.lastIndexOf("@") + 1;
  const host = ssh.slice(at).replace(/^\[(.*)\]$/, "$1");
  const isThere = attempt(() => parseAddress(6, host)) === address;
  return isThere ? ssh.slice(0, at) : undefined;
}

/**
 * The address at the same place in another subnet. If that is smaller, only the last bits of the
 * place count: subnets of a /48 all end up in the one /64.
 * @returns undefined for an address outside `from`
 */
export function movedAddress(
  address: bigint,
  from: Subnet,
  to: Subnet,
): bigint | undefined {
  if (from.version !== to.version || !contains(from, address)) return undefined;
  return to.network + ((address - from.network) % size(to));
}

/** As movedAddress(), for a subnet smaller than both; undefined if it isn't. */
export function movedSubnet(
  subnet: Subnet,
  from: Subnet,
  to: Subnet,
): Subnet | undefined {
  if (subnet.length <= from.length || subnet.length <= to.length)
    return undefined;
  const network = movedAddress(subnet.network, from, to);
  return network === undefined
    ? undefined
    : subnetAt(subnet.version, network, subnet.length);
}
