/** What a remedy offers: flags with the values to give instead of what was refused. */
export function suggestions(flag: string, remedy: string): string[][] {
  const other = /like (--[\w-]+) (\S+?), or (\S+)$/.exec(remedy);
  if (other) return [other.slice(1, 3), [flag, other[3] as string]];
  const flagged = /like (--[\w-]+) (\S+)$/.exec(remedy);
  if (flagged) return [flagged.slice(1)];
  const choices = /^Choose (.+)$/.exec(remedy)?.[1]?.split(/,? or |, /);
  const one =
    /^(?:Try|The subnet is) ([^;\s]+)/.exec(remedy)?.[1] ??
    /: (\S+)$/.exec(remedy)?.[1] ??
    /like (\S+?)(?:[,;].*| would do| or .*|)$/.exec(remedy)?.[1] ??
    /, or (none)$/.exec(remedy)?.[1];
  return (choices ?? [one]).flatMap((value) =>
    value === undefined ? [] : [[flag, value]],
  );
}

/** A command line with other values for some flags. */
export function instead(
  args: readonly string[],
  [flag, value]: readonly string[],
): string[] {
  const at = args.indexOf(flag as string);
  if (at < 0) return [...args, flag as string, value as string];
  return args.with(at + 1, value as string);
}
