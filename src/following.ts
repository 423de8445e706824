// What only a repository that was generated before needs, as one thing to load.
export { caughtUp, missingVariables } from "./dotenv.ts";
export { follow } from "./follow.ts";
