// What only a run whose arguments can be used needs, as one thing to load.
export { commit } from "../reconcile/commit.ts";
export { prepare } from "../reconcile/prepare.ts";
export { outcomeJson, outcomeText } from "./outcome.ts";
