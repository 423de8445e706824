import { relative } from "node:path";
import { parseAst } from "vitest/node";
import { COUNTS, type Branch } from "./branches.ts";

/**
 * A Vite plugin. It counts how often each branch of the files in a folder is taken; branches.ts reads
 * the counts. The branches are: both of each `if` and `?:`; a right side of `&&`, `||` or `??` that is
 * evaluated, and one that is not; a default value that is used.
 */
export function countBranches(folder: string): {
  name: string;
  enforce: "pre";
  transform: (code: string, id: string) => { code: string; map: null } | null;
} {
  return {
    name: "count-branches",
    enforce: "pre",
    transform: (code, id) => {
      const path = relative(process.cwd(), id);
      return path.startsWith(folder) && path.endsWith(".ts")
        ? { code: counting(path, code), map: null }
        : null;
    },
  };
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The code with a counter at each branch. Each line keeps its number. */
function counting(path: string, code: string): string {
  const branches: Branch[] = [];
  let counters = 0;

  const branch = (at: Node, what: string, counter: number, less?: number) => {
    const line = code.slice(0, at.start).split("\n").length;
    const text = code.slice(at.start, at.end).replace(/\s+/g, " ").slice(0, 70);
    branches.push({
      path,
      line,
      what,
      text,
      counter,
      ...(less !== undefined && { less }),
    });
  };
  const count = (at: Node, what: string): string => {
    branch(at, what, counters);
    return `$taken[${counters++}]++`;
  };

  /** By the right side of `&&`, `||` or `??`: its counter. */
  const rightSides = new Map<Node, number>();
  const logical = (node: Node, texts: Map<Node, string>): void => {
    const left = node["left"] as Node;
    const right = node["right"] as Node;
    const operator = node["operator"] as string;
    let before: number | undefined;
    // a && b && c is (a && b) && c: there, c is evaluated or not where b is.
    if (left["operator"] === operator)
      before = rightSides.get(left["right"] as Node);
    if (before === undefined) {
      before = counters++;
      texts.set(left, `($taken[${before}]++,${texts.get(left)})`);
    }
    const counter = counters++;
    rightSides.set(right, counter);
    branch(right, operator, counter);
    branch(right, `not ${operator}`, before, counter);
    texts.set(right, `($taken[${counter}]++,${texts.get(right)})`);
  };

  const emit = (node: Node): string => {
    const inner = childrenOf(node);
    const texts = new Map(inner.map((child) => [child, emit(child)]));
    const wrap = (name: string, open: string, close: string): void => {
      const child = node[name] as Node;
      texts.set(child, `${open}${texts.get(child)}${close}`);
    };
    if (node.type === "IfStatement") {
      const test = node["test"] as Node;
      const otherwise = `{${count(test, "else")};`;
      const last = node["alternate"] ? "}" : `} else ${otherwise}}`;
      wrap("consequent", `{${count(test, "if")};`, last);
      if (node["alternate"]) wrap("alternate", otherwise, "}");
    } else if (node.type === "ConditionalExpression") {
      const test = node["test"] as Node;
      wrap("consequent", `(${count(test, "?")},`, ")");
      wrap("alternate", `(${count(test, ":")},`, ")");
    } else if (node.type === "AssignmentPattern") {
      wrap("right", `(${count(node, "default")},`, ")");
    } else if (node.type === "LogicalExpression") logical(node, texts);
    let text = "";
    let at = node.start;
    for (const child of inner) {
      text += code.slice(at, child.start) + texts.get(child);
      at = child.end;
    }
    return text + code.slice(at, node.end);
  };

  const program = parseAst(code, { lang: "ts" }) as unknown as Node;
  const text = emit({ ...program, start: 0, end: code.length });
  const file = JSON.stringify(path);
  const own = `((globalThis.${COUNTS}??={})[${file}]={branches:${JSON.stringify(branches)},taken:Array(${counters}).fill(0)})`;
  return `const $taken=${own}.taken;${text}`;
}

/** The nodes in a node, in order. In `{ a = 1 }` one lies in the other: only the outer one counts. */
function childrenOf(node: Node): Node[] {
  const all = Object.values(node)
    .flat()
    .filter(
      (value): value is Node =>
        typeof value === "object" &&
        value !== null &&
        typeof (value as Node).type === "string",
    )
    .sort((a, b) => a.start - b.start || b.end - a.end);
  let end = node.start;
  return all.filter((child) => {
    if (child.start < end) return false;
    end = child.end;
    return true;
  });
}
