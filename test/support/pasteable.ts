/** A command, then punctuation that would be pasted with it: `undo ..`, `regenerate gw.` */
const COMMAND =
  /(?:npx create-kong-ipv6@\S+|node \S*cli\.cjs|npm start --|git (?:-C \S+ )?(?:checkout|rm)|mv -n|chmod) (?:.*[^\s.]|.*\s\.)[.,;:!?)](?:\s|$)/;

/** @throws Error if a command in a message can't be pasted with the rest of its line */
export function refuseUnpasteable(...texts: readonly string[]): void {
  const line = texts
    .flatMap((text) => text.split("\n"))
    // A line of a difference is the text of a file.
    .find((one) => COMMAND.test(one) && !/^[-+ ].*`/.test(one));
  if (line !== undefined)
    throw new Error(`punctuation follows a command: ${line}`);
}
