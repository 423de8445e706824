import type { Plan } from "./plan.ts";

/** Something that only the owner can do, with what it is now and what it shall be. */
export interface Act {
  readonly what: string;
  readonly old: string;
  readonly new: string;
}

/** What is left to the owner after addresses changed. */
export function ownersActs(before: Plan, after: Plan): Act[] {
  const acts: Act[] = [];
  const act = (what: string, old: string, now: string): void => {
    if (old !== now) acts.push({ what, old, new: now });
  };
  act(
    `AAAA record of ${after.domain}`,
    before.kong.address,
    after.kong.address,
  );
  if (after.ipv4.address !== "" && before.ipv4.address !== "") {
    act(`A record of ${after.domain}`, before.ipv4.address, after.ipv4.address);
  }
  act("PTR record of Kong", before.kong.reverse, after.kong.reverse);
  act("PTR record of the server", before.host.reverse, after.host.reverse);
  return acts;
}
