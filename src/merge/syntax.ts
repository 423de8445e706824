import { childProcess } from "../base/builtin.ts";
import { whyInvalidYaml } from "../base/yaml.ts";
import { generatedFile } from "../render/generated-files.ts";

/**
 * Parses a text by the format that the table of generated files gives its path.
 * @param before what the owner had: what was odd in there already is no merge gone wrong
 * @returns why not, in few words; undefined where it parses or the format is free text
 */
export function whyInvalid(
  path: string,
  text: string,
  before = text,
): string | undefined {
  switch (generatedFile(path)?.format) {
    case "yaml":
      return yaml(text);
    case "json":
      return json(text);
    case "shell":
      return shell(text);
    case "python":
      return python(text);
    case "dockerfile":
      return dockerfile(text);
    case "dotenv":
      return dotenv(text, before);
    case "braces":
      return braces(text);
    case "sysctl":
      return ini(text, /^\s*-[^\s=]+\s*$/);
    case "ini":
      return ini(text);
    default:
      return undefined;
  }
}

function yaml(text: string): string | undefined {
  const reason = whyInvalidYaml(text);
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

function shell(text: string): string | undefined {
  const complaint = complaintOf("bash", ["-n"], text);
  return complaint && `bash does not parse it: ${complaint[0]}`;
}

/** Compiled in memory: nothing is run, and no .pyc is left. */
const COMPILE = "import sys; compile(sys.stdin.read(), 'it', 'exec')";

function python(text: string): string | undefined {
  const complaint = complaintOf("python3", ["-I", "-S", "-c", COMPILE], text);
  return complaint && `python3 does not parse it: ${complaint.at(-1)}`;
}

const asked = new Map<string, string[] | undefined>();

/**
 * What a program says against a text, in lines; where it isn't there, nothing can be said.
 * It is started once for each text.
 */
function complaintOf(
  program: string,
  args: readonly string[],
  input: string,
): string[] | undefined {
  const key = `${program} ${input}`;
  if (asked.has(key)) return asked.get(key);
  const { status, stderr, error } = childProcess().spawnSync(program, args, {
    input,
    encoding: "utf8",
  });
  const complaint =
    error !== undefined || status === 0 ? undefined : stderr.trim().split("\n");
  asked.set(key, complaint);
  return complaint;
}

const INSTRUCTION =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/i;

function dockerfile(text: string): string | undefined {
  const code = withoutHeredocs(text)
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\s*\n/g, " ");
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

/** Dockerfile(5) of BuildKit: what stands between `<<EOF` and a line EOF is no instruction. */
function withoutHeredocs(text: string): string {
  const ends: string[] = [];
  const outside = text.split("\n").filter((line) => {
    if (ends.length > 0) {
      if (line.replace(/^\t+/, "").trimEnd() === ends[0]) ends.shift();
      return false;
    }
    if (!/^\s*#/.test(line))
      for (const [, , end = ""] of line.matchAll(/<<-?(["']?)(\w+)\1/g))
        ends.push(end);
    return true;
  });
  // One without an end takes all that follows: no Dockerfile any more.
  return ends.length > 0 ? text : outside.join("\n");
}

const KEY = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:]/;

/** compose-go dotenv: KEY=VALUE, comments and blank lines; a key twice is a merge gone wrong. */
function dotenv(text: string, before: string): string | undefined {
  const keys = keysOf(text);
  const wrong = keys.findIndex((key) => key === undefined);
  if (wrong >= 0) return `line ${wrong + 1} is no KEY=VALUE`;
  const owners = new Set(repeated(keysOf(before)));
  const twice = repeated(keys).find((key) => !owners.has(key));
  return twice && `${twice} is set twice`;
}

/** Of each line: "" for one that sets nothing, undefined for one that is none. */
function keysOf(text: string): (string | undefined)[] {
  // A value in quotes may go on over lines.
  const quoted = /^([^#\n=:]*[=:][ \t]*)("(?:[^"\\]|\\[^])*"|'[^']*')/gm;
  const joined = text.replace(quoted, (all, start: string) => {
    const lines = all.split("\n").length - 1;
    return `${start}""${"\n".repeat(lines)}`;
  });
  return joined
    .split("\n")
    .map((line) => (/^\s*(#.*)?$/.test(line) ? "" : KEY.exec(line)?.[1]));
}

const repeated = (keys: readonly (string | undefined)[]): string[] =>
  keys.flatMap((key, index) => (key && keys.indexOf(key) < index ? [key] : []));

function braces(text: string): string | undefined {
  let depth = 0;
  for (const brace of text.replace(/(#|\/\/).*$/gm, "").match(/[{}]/g) ?? []) {
    depth += brace === "{" ? 1 : -1;
    if (depth < 0) break;
  }
  return depth === 0 ? undefined : "its braces don't match";
}

/** systemd.syntax(7) and sysctl.d(5): sections, assignments, continuation lines, comments. */
function ini(text: string, also = /$^/): string | undefined {
  const code = text.replace(/\\\n/g, "");
  const wrong = code
    .split("\n")
    .find(
      (line) =>
        !also.test(line) &&
        !/^\s*([#;].*)?$|^\s*\[[^\]]+\]\s*$|^\s*-?[^\s=[\]][^=]*=/.test(line),
    );
  return wrong === undefined ? undefined : `no setting: ${wrong.slice(0, 60)}`;
}
