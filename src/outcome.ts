import { QUESTIONS, type Answers } from "./answers.ts";
import { EXIT, issueText } from "./errors.ts";
import type { Outcome } from "./generate.ts";
import { printableJson } from "./printable.ts";
import { changesText, diffText, planText, summary } from "./report.ts";
import type { Style } from "./style.ts";

export interface Manner {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  /** Whether questions were asked: then the command that repeats the run is printed. */
  readonly asked: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly git: boolean;
}

/** What a run has done, for a person. */
export function outcomeText(
  outcome: Outcome,
  manner: Manner,
  style: Style,
): string {
  const { changes, warnings, notes } = outcome;
  const listed =
    manner.dryRun || changes.some(({ action }) => action !== "create");
  const differing = changes.filter(
    ({ action }) => action !== "same" && action !== "keep",
  );
  const sections = [
    planText(outcome.plan),
    warnings
      .map((warning) => `${style.yellow("warning")} ${issueText(warning)}.`)
      .join("\n"),
    manner.diff
      ? differing.map((change) => diffText(change, style)).join("\n")
      : "",
    listed ? changesText(changes, style) : "",
    notes.join("\n"),
    endText(outcome, manner, style),
    manner.asked
      ? `To repeat this without questions:\n  ${repeatCommand(outcome.answers, manner.shown, manner.git)}`
      : "",
  ];
  const text = sections.filter((section) => section !== "").join("\n\n");
  // Questions and answers stand right above.
  return manner.asked ? `\n${text}` : text;
}

function endText(
  { exitCode, written, changes, plan }: Outcome,
  { shown, dryRun }: Manner,
  style: Style,
): string {
  if (!written) {
    if (exitCode === EXIT.conflicts) {
      return `${style.red("Nothing was written")}: files that are not ours are in the way. Choose with --conflict keep, theirs or markers.`;
    }
    return dryRun ? "Nothing was written: --dry-run." : "";
  }
  const count = changes.filter(
    ({ action }) => !["same", "keep"].includes(action),
  ).length;
  const target = plan.ipv4.address || `[${plan.host.address}]`;
  const steps = [
    `Read ${shown}/README.md: the plan, the DNS records to set, the steps.`,
    `Copy it to the server:  rsync -a ${quoted(shown)}/ root@${target}:/opt/kong-ipv6/`,
    "There:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh",
  ];
  return [
    style.green(`Wrote ${count} files to ${shown}.`),
    ...(exitCode === EXIT.conflicts
      ? ["Files with conflict markers are left for you to mend."]
      : []),
    "",
    "Next steps",
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
  ].join("\n");
}

/** What a run has done, for a program; README "JSON" describes it. */
export function outcomeJson(outcome: Outcome): string {
  const { exitCode, directory, written, answers, warnings, notes, changes } =
    outcome;
  const listed = changes.map(({ path, action, after, reason }) => ({
    path,
    action,
    mode: after.mode.toString(8).padStart(4, "0"),
    ...(reason === undefined ? {} : { reason }),
  }));
  return printableJson({
    exitCode,
    directory,
    written,
    answers,
    warnings,
    notes,
    summary: summary(changes),
    changes: listed,
  });
}

/** The command line that gives the same answers without a question. */
export function repeatCommand(
  answers: Answers,
  directory: string,
  git = false,
): string {
  const flags = QUESTIONS.flatMap(({ key, flag, fallback }) => {
    const value = answers[key];
    // A random default is none the second time.
    const usual = fallback({ answers, randomUla: () => "" });
    if (String(value) === String(usual)) return [];
    return [value].flat().map((text) => `${flag} ${quoted(text)}`);
  });
  const more = git ? ["--git", "--yes"] : ["--yes"];
  return ["npx create-kong-ipv6", quoted(directory), ...flags, ...more].join(
    " ",
  );
}

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return /^[\w.:/@%+=,-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
