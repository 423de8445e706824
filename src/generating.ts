// What only a run whose arguments can be used needs, as one thing to load.
export { carryOut, prepare } from "./generate.ts";
export { outcomeJson, outcomeText } from "./outcome.ts";
