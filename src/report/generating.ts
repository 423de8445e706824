// Everything that a run with valid arguments needs, loaded as one module.
export { commit } from "../reconcile/commit.ts";
export { prepare } from "../reconcile/prepare.ts";
export { outcomeJson } from "./outcome-json.ts";
export { outcomeText } from "./outcome-text.ts";
