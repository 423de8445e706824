import type { NodePlopAPI } from "node-plop";
import { checkoutSession } from "./src/prompts/plop-session.ts";
import { setGenerator } from "./src/prompts/plop-generator.ts";

/** `npx plop` in a checkout; the published command calls setGenerator with its own session. */
export default function (plop: NodePlopAPI): void {
  setGenerator(plop, checkoutSession());
}
