import { filled } from "../base/wrap.ts";
import { printableText } from "../base/escape.ts";
import { shellWord } from "../base/shell.ts";
import { loginAt } from "../answers/carry-over.ts";
import { plan as planOf } from "../plan/plan.ts";
import type { Change } from "../reconcile/change.ts";
import type { Outcome } from "../reconcile/request.ts";
import { GENERATED_DIRECTORIES } from "../render/generated-files.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { ManualStep } from "../renumber/manual-steps.ts";

/** The next steps after create. */
export function firstSteps(outcome: Outcome, shown: string): string[] {
  return numbered([
    `Read ${shown}/README.md: address plan, DNS records, first hour.`,
    ...openSteps(outcome),
    ...containersText(outcome),
    copyText(outcome, shown),
    APPLY,
  ]);
}

const APPLY = "On the server:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh";

/** What must be resolved before the copy. */
function openSteps({ changes }: Outcome): string[] {
  const has = (isOpen: (change: Change) => unknown): boolean =>
    changes.some(isOpen);
  return [
    ...(has(({ action }) => action === "conflict" || action === "markers")
      ? ["Resolve the conflicts; check lists the remaining ones."]
      : []),
    ...(has(({ contradicts, renamed }) => contradicts ?? renamed)
      ? ["Resolve the drift named above; check lists what remains."]
      : []),
  ];
}

/** Only the owner knows the images of the containers of --expose. */
function containersText({ plan, previousAnswers }: Outcome): string[] {
  const known = new Set(
    previousAnswers ? planOf(previousAnswers).numbers.expose.keys() : [],
  );
  const added = plan.expose
    .map(({ name }) => name)
    .filter((name) => !known.has(name));
  return added.length === 0
    ? []
    : [
        `Put ${added.join(", ")} into docker-compose.override.yml, as README.md shows.`,
      ];
}

/**
 * The rsync command. Nothing on the server is lost: replaced and deleted files are kept in another
 * folder. Data, git, the undo folder, files that exist only on the server, and a .env that is not in
 * this copy are not touched.
 */
function copyText(outcome: Outcome, shown: string): string {
  const { data, changes } = outcome;
  const login = loginNow(outcome);
  const elsewhere = changes.some(
    ({ path, action }) => path === SECRET_FILE && action === "gone",
  );
  const left = [
    ...data,
    ...(elsewhere ? [`/${SECRET_FILE}`] : []),
    "/.git",
    "/.kong-ipv6.*",
  ].map((pattern) => `--exclude=${shellWord(pattern)}`);
  // Files are deleted in generated directories only: others may hold data.
  // The first matching rule counts: R(isk) allows deletion, P(rotect) prevents it (rsync(1), FILTER RULES).
  const deleted = [
    ...GENERATED_DIRECTORIES.map((name) => `R /${name}/**`),
    "P *",
  ].map((rule) => `--filter=${shellWord(rule)}`);
  // rsync reads text before a colon as a host, and a leading dash as an option.
  const source = /^-|^[^/]*:/.test(shown) ? `./${shown}` : shown;
  return [
    "Copy it to the server (use the address you connect to today). Files that it\n     replaces or deletes there are kept in /opt/kong-ipv6.replaced:",
    "     rsync -a --delete --backup --backup-dir=/opt/kong-ipv6.replaced \\",
    `       --chown=root:root${/^(?!root@).*@/.test(login) ? " --rsync-path='sudo rsync'" : ""} \\`,
    ...filled([...left, ...deleted], { indent: "       ", width: 78 }).map(
      (line) => `${line} \\`,
    ),
    `       ${shellWord(`${source}/`)} ${shellWord(`${login}:/opt/kong-ipv6/`)}`,
  ].join("\n");
}

/**
 * The login that reaches the server before the change: at its present address, unless the owner named
 * another. An IPv6 address is in brackets, as rsync takes it.
 */
function loginNow({ answers, deployed, plan: after }: Outcome): string {
  const { ssh } = answers;
  const now = deployed ? planOf(deployed) : after;
  const address = now.host?.address;
  if (ssh === "none")
    return `root@${now.ipv4.address || (address ? `[${address}]` : "SERVER")}`;
  const user = loginAt(ssh, after.numbers.host?.address);
  const login = user === undefined || !address ? ssh : user + address;
  return login.replace(/(^|@)([^@[]*:[^@]*)$/, "$1[$2]");
}

/** The next steps after regenerate. */
export function updatedSteps(outcome: Outcome, shown: string): string[] {
  const { steps } = outcome;
  return numbered([
    ...openSteps(outcome),
    ...steps.filter(({ first }) => first).map(stepText),
    ...containersText(outcome),
    copyText(outcome, shown),
    APPLY,
    ...steps.filter(({ first }) => !first).map(stepText),
  ]);
}

function stepText(step: ManualStep): string {
  const lines =
    step.commands ??
    (step.note === undefined
      ? [`old ${step.old}`, ...(step.new === "" ? [] : [`new ${step.new}`])]
      : filled(step.note.split(" "), { width: 72 }));
  const text = [`${step.what}:`, ...lines.map((line) => `       ${line}`)];
  return printableText(text.join("\n"));
}

function numbered(lines: readonly string[]): string[] {
  return [
    "",
    "Next steps",
    ...lines.map((line, index) => `  ${index + 1}. ${line}`),
  ];
}
