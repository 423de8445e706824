import { diffLines } from "diff";

/** Both texts in one, with git's conflict markers around what differs. */
export function withMarkers(yours: string, generated: string): string {
  const terminated = (text: string): string =>
    text === "" || text.endsWith("\n") ? text : `${text}\n`;
  let merged = "";
  let removed = "";
  let added = "";
  const flush = (): void => {
    if (removed + added === "") return;
    merged += `<<<<<<< yours\n${terminated(removed)}=======\n${terminated(added)}>>>>>>> create-kong-ipv6\n`;
    removed = added = "";
  };
  for (const part of diffLines(yours, generated)) {
    if (part.removed) removed += part.value;
    else if (part.added) added += part.value;
    else {
      flush();
      merged += part.value;
    }
  }
  flush();
  return merged;
}
