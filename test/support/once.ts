import type * as Validate from "../../src/validate.ts";

/** src/validate.ts asks bash about every script; about the same text once is enough. */
export async function validatedOnce(
  original: () => Promise<typeof Validate>,
): Promise<typeof Validate> {
  const { whyInvalid } = await original();
  const known = new Map<string, string | undefined>();
  return {
    whyInvalid: (path, text, before = text) => {
      // Only of .env it matters what was there before.
      const key = `${path}\n${text}\n${path === ".env" ? before : ""}`;
      if (!known.has(key)) known.set(key, whyInvalid(path, text, before));
      return known.get(key);
    },
  };
}
