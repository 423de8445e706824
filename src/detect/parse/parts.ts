/** One part of the probe's output. */
export interface Part {
  /** The exit code of the command; undefined if the output ends before the part does. */
  readonly status: number | undefined;
  readonly text: string;
}

/** A file on the server. */
export interface ServerFile {
  readonly path: string;
  /** undefined if it could not be read. */
  readonly text: string | undefined;
}

/**
 * Splits the probe's output into its parts, by name, in their order. Anything outside them (a
 * greeting, an error message of the shell) is dropped.
 */
export function readParts(output: string, marker: string): Map<string, Part[]> {
  const parts = new Map<string, Part[]>();
  const begin = `@@${marker} begin `;
  const end = `@@${marker} end `;
  let open: { name: string; lines: string[] } | undefined;
  const close = (status: number | undefined): void => {
    if (open === undefined) return;
    const { name, lines } = open;
    // The script adds a line break before the end marker.
    if (lines.at(-1) === "") lines.pop();
    const part = { status, text: lines.join("\n") };
    const same = parts.get(name);
    if (same) same.push(part);
    else parts.set(name, [part]);
    open = undefined;
  };
  for (const raw of output.split("\n")) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line.startsWith(begin)) {
      close(undefined);
      open = { name: line.slice(begin.length), lines: [] };
    } else if (line.startsWith(end)) {
      const [name, status = ""] = line.slice(end.length).split(" ");
      const ended = /^\d{1,3}$/.test(status) ? Number(status) : undefined;
      close(name === open?.name ? ended : undefined);
    } else open?.lines.push(line);
  }
  close(undefined);
  return parts;
}

/** A server has only a few of each kind. */
const FILES = 100;

/** The files that the probe printed under a name. */
export function filesOf(
  parts: ReadonlyMap<string, readonly Part[]>,
  name: string,
): ServerFile[] {
  return (parts.get(name) ?? []).slice(0, FILES).map(({ status, text }) => {
    const [path = "", ...lines] = text.split("\n");
    return { path, text: status === 0 ? lines.join("\n") : undefined };
  });
}
