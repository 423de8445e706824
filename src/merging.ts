// What only a repository with edits needs, as one thing to load.
export { alongside, unorderedIn } from "./alongside.ts";
export { hasMarkers, merge } from "./merge.ts";
export { mergeMarkdown } from "./merge-tables.ts";
export { whyInvalid } from "./validate.ts";
