import { readArguments, type Arguments } from "./parse-args.ts";
import {
  deniedError,
  EXIT,
  FailedError,
  issueText,
  KongIpv6Error,
  OutputError,
  sentence,
  UnusableError,
  type ExitCode,
} from "../base/errors.ts";
import { printable, printableJson } from "../base/escape.ts";
import { labelled, styleFor, type Style } from "../base/colors.ts";
import { isTerminal, write } from "../base/stdio.ts";

/** Runs the command line. @returns the exit code; everything is printed */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const report = (error: unknown): ExitCode => reportError(error, argv);
  // Writing the error as JSON can fail as well, if standard output is full.
  return await run(argv).catch(report).catch(report);
}

async function run(argv: readonly string[]): Promise<ExitCode> {
  const args = readArguments(argv);
  if (args.help) {
    const { helpText } = await import("./help.ts");
    const { program } = await import("../base/program.ts");
    const text = helpText(args.named ? args.command : undefined);
    return print(text.replaceAll("npx create-kong-ipv6", () => program()));
  }
  if (args.version) return print((await import("../base/version.ts")).VERSION);
  return await runCommand(args);
}

/** Loads only the command that was asked for. */
async function runCommand(args: Arguments): Promise<ExitCode> {
  switch (args.command) {
    case "create":
      return (await import("./commands/create.ts")).create(args);
    case "regenerate":
      return (await import("./commands/regenerate.ts")).regenerate(args);
    case "check":
      return (await import("./commands/check.ts")).check(args);
    case "undo":
      return (await import("./commands/undo.ts")).undo(args);
    case "completion":
      return (await import("./commands/completion.ts")).completion(args);
    case "detect":
      return (await import("./commands/detect.ts")).detect(args);
    case "deploy":
      return (await import("./commands/deploy.ts")).deploy(args);
    case "probe":
      return (await import("./commands/probe.ts")).probe(args);
  }
}

function print(text: string): ExitCode {
  write(1, `${text}\n`);
  return EXIT.done;
}

/** Reports an error. An unexpected one is reported as a bug. */
function reportError(thrown: unknown, argv: readonly string[]): ExitCode {
  const error = deniedError(thrown) ?? thrown;
  const known = error instanceof KongIpv6Error ? error : undefined;
  const exitCode = known?.exitCode ?? EXIT.failed;
  // If standard output itself failed, the error goes to standard error.
  if (argv.includes("--json") && !(error instanceof OutputError)) {
    const issues = error instanceof UnusableError ? error.issues : [];
    const remedy = error instanceof FailedError ? error.remedy : undefined;
    const message = error instanceof Error ? error.message : String(error);
    const details = { message, issues, remedy };
    print(printableJson({ exitCode, written: false, error: details }));
  } else {
    const style = styleFor(isTerminal(2), !argv.includes("--no-color"));
    write(2, `${errorText(error, style)}\n`);
  }
  if (process.env["DEBUG"] && error instanceof Error)
    write(2, `${error.stack}\n`);
  return exitCode;
}

function errorText(error: unknown, style: Style): string {
  const labelledError = (text: string): string =>
    labelled("error", text, style);
  if (error instanceof UnusableError)
    return error.issues
      .map((issue) => labelledError(sentence(issueText(issue))))
      .join("\n");
  if (error instanceof FailedError)
    return labelledError(
      `${printable(error.message)}. ${error.remedy}`.trimEnd(),
    );
  if (error instanceof KongIpv6Error) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `${labelledError(printable(message))}\nThis is a bug in create-kong-ipv6. Run with DEBUG=1 to see where it happened.`;
}
