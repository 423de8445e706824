import { Refusal } from "../base/errors.ts";

/** `--kong-image`: an image reference (distribution/reference grammar). @throws Refusal */
export function parseImage(text: string): string {
  const host = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?";
  const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
  const reference = new RegExp(
    `^(?:${host}/)?${part}(?:/${part})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
  );
  if (text.length > 255 || !reference.test(text)) {
    throw new Refusal(
      "it is not an image reference",
      "Write it like kong:3.9.3",
    );
  }
  return text;
}

/** Why an image may not work with the generated Dockerfile; undefined if nothing is known against it. */
export function imageDoubt(text: string): string | undefined {
  const [name = "", tag = ""] = nameAndTag(text);
  if (/\balpine\b/.test(tag))
    return "it is an Alpine image, and kong-build/Dockerfile installs with apt-get";
  const official = /^(?:docker\.io\/)?(?:library\/)?kong$/.test(name);
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(tag) ?? [];
  if (!official || major === undefined) return undefined;
  // A tag like 3 is the newest 3.x.
  const newest = minor === undefined && Number(major) >= 3;
  const old = Number(major) * 1000 + Number(minor ?? 0) < 3006;
  return old && !newest
    ? "it is older than Kong 3.6: the health check needs the image and status API of 3.6 or newer"
    : undefined;
}

/** Name and tag of an image reference. The port of a registry is not a tag. */
function nameAndTag(text: string): string[] {
  const [reference = ""] = text.split("@");
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/")
    ? [reference.slice(0, colon), reference.slice(colon + 1)]
    : [reference];
}
