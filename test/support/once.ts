import type * as Templates from "../../src/templates.ts";

/** src/templates.ts reads and compiles at every call; for a thousand renderings once is enough. */
export async function compiledOnce(
  original: () => Promise<typeof Templates>,
): Promise<typeof Templates> {
  const templates = await original();
  const compiled = templates.loadTemplates();
  return { ...templates, loadTemplates: () => compiled };
}
