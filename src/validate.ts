import { childProcess } from "./builtin.ts";
import { whyNoYaml } from "./yaml-check.ts";

/**
 * Parses a text by the format that its path says, as far as to tell whether it still is one.
 * @returns why not, in few words; undefined where it parses or the format is free text
 */
export function whyInvalid(path: string, text: string): string | undefined {
  const name = path.split("/").at(-1) ?? "";
  if (/\.ya?ml$/.test(name)) return yaml(text);
  if (name.endsWith(".json")) return json(text);
  if (name.endsWith(".sh")) return shell(text);
  if (name === "Dockerfile") return dockerfile(text);
  if (name.startsWith(".env")) return dotenv(text);
  if (name === "ndppd.conf" || name.endsWith(".nft")) return braces(text);
  if (/\.(service|conf)$/.test(name)) return ini(text);
  return undefined;
}

function yaml(text: string): string | undefined {
  const reason = whyNoYaml(text);
  return reason && `it is no valid YAML: ${reason}`;
}

function json(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxError)
      return `it is no valid JSON: ${error.message}`;
    throw error;
  }
}

/** By bash itself; where there is none, nothing can be said. */
function shell(text: string): string | undefined {
  const { status, stderr, error } = childProcess().spawnSync("bash", ["-n"], {
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined || status === 0) return undefined;
  return `bash does not parse it: ${stderr.split("\n")[0]}`;
}

const INSTRUCTION =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/i;

function dockerfile(text: string): string | undefined {
  const code = text.replace(/^\s*#.*\n/gm, "").replace(/\\\s*\n/g, " ");
  const instructions = code.split("\n").filter((line) => line.trim() !== "");
  const wrong = instructions.find(
    (line) => !INSTRUCTION.test(line.trimStart()),
  );
  if (wrong !== undefined)
    return `no Dockerfile instruction: ${wrong.slice(0, 60)}`;
  return /^(ARG|FROM)\s/i.test(instructions[0] ?? "")
    ? undefined
    : "a Dockerfile starts with FROM";
}

/** compose-go dotenv: KEY=VALUE, comments and blank lines; twice the same key is a merge gone wrong. */
function dotenv(text: string): string | undefined {
  const keys = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const key = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:]/.exec(
      line,
    )?.[1];
    if (key === undefined) return `line ${index + 1} is no KEY=VALUE`;
    if (keys.has(key)) return `${key} is set twice`;
    keys.add(key);
  }
  return undefined;
}

function braces(text: string): string | undefined {
  let depth = 0;
  for (const brace of text.replace(/(#|\/\/).*$/gm, "").match(/[{}]/g) ?? []) {
    depth += brace === "{" ? 1 : -1;
    if (depth < 0) break;
  }
  return depth === 0 ? undefined : "its braces don't match";
}

/** systemd.syntax(7) and sysctl.d(5): sections, assignments, continuation lines, comments. */
function ini(text: string): string | undefined {
  const code = text.replace(/\\\n/g, "");
  const wrong = code
    .split("\n")
    .find(
      (line) =>
        !/^\s*([#;].*)?$|^\s*\[[^\]]+\]\s*$|^\s*-?[^\s=[\]][^=]*=/.test(line),
    );
  return wrong === undefined ? undefined : `no setting: ${wrong.slice(0, 60)}`;
}
