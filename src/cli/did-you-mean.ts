import type { Issue } from "../base/errors.ts";
import { nearest, editDistance } from "../base/nearest.ts";
import { COMMANDS, FLAGS, SHORT, type Command } from "./flags.ts";

/** What speaks against a flag that there isn't, with the one that is most like it, if one is. */
export function unknownFlag(flag: string, command: Command): Issue {
  const meant = flag.startsWith("--") ? likelyFlag(flag) : otherCase(flag);
  const near = meant === undefined ? "" : `Did you mean ${meant}? `;
  return {
    flag,
    reason: "there is no such flag",
    remedy: `${near}${command} --help lists them all`,
  };
}

/** A slip in three letters is likely, or a part of the name; all else would be a guess. */
function likelyFlag(flag: string): string | undefined {
  const name = flag.slice(2);
  const near = nearest(flag, FLAGS);
  if (editDistance(flag, near) <= Math.max(1, name.length / 3)) return near;
  if (name.length < 3) return undefined;
  return FLAGS.find((known) => known.includes(name));
}

/** One letter is like no other, but for its case: `-v` is `-V`. */
const otherCase = (flag: string): string | undefined =>
  SHORT.find((known) => known.toLowerCase() === flag.toLowerCase());

/** What other programs have as commands. */
const FLAGS_HERE = ["help", "version"];

/**
 * A first word that is nearly a command: `regenrate` shall not make a directory of that name. A
 * second word says that a command was meant; alone it may be a directory's name, so it has to be
 * nearer.
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
      remedy: `Did you mean ${meant}? For a directory of that name, write ./${first}`,
    },
  ];
}
