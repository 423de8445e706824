// Everything that a run with valid arguments needs, loaded as one module.
export { carryOut, prepare } from "../reconcile/prepare.ts";
export { outcomeJson, outcomeText } from "./outcome.ts";
