// A module of its own, so that only an answers file in YAML loads the parser.
export { parse } from "yaml";
