// What only a run whose arguments can be used needs, as one thing to load.
export { generate } from "./generate.ts";
export { outcomeJson, outcomeText } from "./outcome.ts";
