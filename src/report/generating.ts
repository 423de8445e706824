// Everything that a run with valid arguments needs, loaded as one module.
export { commit } from "../reconcile/commit.ts";
export { prepare } from "../reconcile/prepare.ts";
export { outcomeJson, outcomeText } from "./outcome.ts";
