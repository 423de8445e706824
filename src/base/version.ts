import manifest from "../../package.json" with { type: "json" };

/** This generator's version (semver). */
export const VERSION: string = manifest.version;
