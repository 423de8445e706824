import { childProcess } from "../base/builtin.ts";
import { whyNotMapping } from "../base/yaml.ts";
import { assignmentsOf, strayLine } from "../base/dotenv.ts";
import { generatedFile } from "../render/generated-files.ts";

/**
 * Parses a text in the format that the table of generated files gives its path.
 * @param before the owner's text: an error that it already had is not reported
 * @returns the reason if it is not valid; undefined if it is, or if the format is free text
 */
export function whyInvalid(
  path: string,
  text: string,
  before = text,
): string | undefined {
  const format = generatedFile(path)?.format;
  // No generated file is empty. Free text is the owner's.
  if (text.trim() === "" && format && !["markdown", "text"].includes(format))
    return "it is empty";
  switch (format) {
    case "yaml":
      return whyNotMapping(text);
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

function json(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : "it is not a JSON object";
  } catch (error) {
    if (error instanceof SyntaxError) return `not valid JSON: ${error.message}`;
    throw error;
  }
}

function shell(text: string): string | undefined {
  const complaint = complaintOf("bash", ["-n"], text);
  return complaint && `bash cannot parse it: ${complaint[0]}`;
}

/** Compiles in memory: nothing runs, and no .pyc file is left. */
const COMPILE = "import sys; compile(sys.stdin.read(), 'it', 'exec')";

function python(text: string): string | undefined {
  const complaint = complaintOf("python3", ["-I", "-S", "-c", COMPILE], text);
  return complaint && `python3 cannot parse it: ${complaint.at(-1)}`;
}

const complaints = new Map<string, string[] | undefined>();

/**
 * The errors of a program for a text, in lines; undefined if there are none, or if the program is not
 * installed. It runs once for each text.
 */
function complaintOf(
  program: string,
  args: readonly string[],
  input: string,
): string[] | undefined {
  const key = `${program} ${input}`;
  if (complaints.has(key)) return complaints.get(key);
  const { status, stderr, error } = childProcess().spawnSync(program, args, {
    input,
    encoding: "utf8",
  });
  const complaint =
    error !== undefined || status === 0 ? undefined : stderr.trim().split("\n");
  complaints.set(key, complaint);
  return complaint;
}

const INSTRUCTION =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/i;

function dockerfile(text: string): string | undefined {
  const code = withoutHeredocs(text)
    .replace(/^[ \t]*#.*\n/gm, "")
    .replace(/\\\s*\n/g, " ");
  const instructions = code.split("\n").filter((line) => line.trim() !== "");
  const wrong = instructions.find(
    (line) => !INSTRUCTION.test(line.trimStart()),
  );
  if (wrong !== undefined)
    return `not a Dockerfile instruction: ${wrong.slice(0, 60)}`;
  return /^(ARG|FROM)\s/i.test(instructions[0] ?? "")
    ? undefined
    : "a Dockerfile starts with FROM";
}

/** BuildKit: the lines between `<<EOF` and a line EOF are not instructions. */
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
  // A heredoc without an end contains all that follows.
  return ends.length > 0 ? text : outside.join("\n");
}

/** A key that only the merged text has twice is an error. */
function dotenv(text: string, before: string): string | undefined {
  const wrong = strayLine(text);
  if (wrong !== undefined) return `line ${wrong} is not KEY=VALUE`;
  const keysBefore = repeatedKeys(before);
  const twice = [...repeatedKeys(text)].find((key) => !keysBefore.has(key));
  return twice && `${twice} is set twice`;
}

function repeatedKeys(text: string): Set<string> {
  const seen = new Set<string>();
  const keys = assignmentsOf(text).map(({ key }) => key);
  return new Set(keys.filter((key) => seen.has(key) || !seen.add(key)));
}

function braces(text: string): string | undefined {
  let depth = 0;
  for (const brace of text.replace(/(#|\/\/).*$/gm, "").match(/[{}]/g) ?? []) {
    depth += brace === "{" ? 1 : -1;
    if (depth < 0) break;
  }
  return depth === 0 ? undefined : "the braces do not match";
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
  return wrong === undefined
    ? undefined
    : `not a setting: ${wrong.slice(0, 60)}`;
}
