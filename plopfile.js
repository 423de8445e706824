// plop loads plopfile.js before plopfile.ts. Node 20 can't load TypeScript by itself: tsx does, here
// for plop and on every Node alike.
import { tsImport } from "tsx/esm/api";

export default (await tsImport("./plopfile.ts", import.meta.url)).default;
