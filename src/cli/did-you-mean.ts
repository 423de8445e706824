import type { Issue } from "../base/errors.ts";
import { nearest, editDistance } from "../base/nearest.ts";
import { COMMANDS, FLAGS, SHORT, type Command } from "./flags.ts";

/** The issue of a flag that does not exist, with the most similar one. */
export function unknownFlag(flag: string, command: Command): Issue {
  const meant = flag.startsWith("--") ? likelyFlag(flag) : otherCase(flag);
  const near = meant === undefined ? "" : `Did you mean ${meant}? `;
  return {
    flag,
    reason: "there is no such flag",
    remedy: `${near}${command} --help lists all flags`,
  };
}

/** The most similar flag if at most one letter in three differs; otherwise a flag that contains the name. */
function likelyFlag(flag: string): string | undefined {
  const name = flag.slice(2);
  const near = nearest(flag, FLAGS);
  if (editDistance(flag, near) <= Math.max(1, name.length / 3)) return near;
  if (name.length < 3) return undefined;
  return FLAGS.find((known) => known.includes(name));
}

/** A single letter may only have the wrong case: `-v` is `-V`. */
const otherCase = (flag: string): string | undefined =>
  SHORT.find((known) => known.toLowerCase() === flag.toLowerCase());

/** Commands in other programs, flags in this one. */
const FLAGS_HERE = ["help", "version"];

/**
 * A first word that is almost a command, so that `regenrate` does not create a directory of that name.
 * A single word may be meant as a directory, so it must be closer to a command than two words.
 */
export function mistypedCommand(first: string, second: boolean): Issue[] {
  const near = nearest(first, [...COMMANDS, ...FLAGS_HERE]);
  const far = editDistance(first, near);
  if (far > (second || near.length > 7 ? 2 : 1)) return [];
  const meant = FLAGS_HERE.includes(near) ? `--${near}` : near;
  return [
    {
      flag: first,
      reason: "there is no such command",
      remedy: `Did you mean ${meant}? For a directory with that name, write ./${first}`,
    },
  ];
}
