// What only a repository with edits needs, as one thing to load.
export { alongside, unorderedIn } from "./hunks.ts";
export { hasMarkers, merge } from "./three-way.ts";
export { mergeMarkdown } from "./markdown.ts";
export { whyInvalid } from "./syntax.ts";
