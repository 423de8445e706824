import { filled } from "../base/wrap.ts";
import { printableText } from "../base/escape.ts";
import { commandLine } from "../base/program.ts";
import { shellWord } from "../base/shell.ts";
import { plan as planOf } from "../plan/plan.ts";
import { addressesKept } from "../plan/summary.ts";
import type { Plan } from "../plan/types.ts";
import type { Change } from "../reconcile/change.ts";
import type { Outcome } from "../reconcile/request.ts";
import { manualSteps, type ManualStep } from "../renumber/manual-steps.ts";
import { STATE_FILE } from "../repository/state.ts";

/** The next steps after create. */
export function firstSteps(outcome: Outcome, shown: string): string[] {
  return numbered([
    readText(outcome, shown),
    ...openSteps(outcome),
    ...containersText(outcome),
    deployText(outcome, shown),
    "Set the DNS records, as README.md shows.",
    probeText(shown),
  ]);
}

/** A README that the owner kept may have none of the steps. */
function readText({ changes }: Outcome, shown: string): string {
  const kept = changes.find(
    ({ path, action }) => path === "README.md" && action === "keep",
  );
  const lines = kept?.before?.text.split(/\r?\n/) ?? [];
  if (!kept || NAMED.every((heading) => lines.includes(heading)))
    return `Read ${shown}/README.md: address plan, DNS records, first hour.`;
  return [
    "Your README.md was kept; it lacks these steps. To get the generated one, rename yours and run:",
    `       ${commandLine("regenerate", shown, "--conflict", "theirs")}`,
  ].join("\n");
}

const NAMED = ["## Address plan", "## DNS records", "## The first hour"];

/** What must be resolved before the deploy. */
export function openSteps({ changes }: Pick<Outcome, "changes">): string[] {
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
function containersText({ plan, deployed }: Outcome): string[] {
  const known = new Set(deployed ? planOf(deployed).numbers.expose.keys() : []);
  const added = plan.expose
    .map(({ name }) => name)
    .filter((name) => !known.has(name));
  return added.length === 0
    ? []
    : [
        `Put ${added.join(", ")} into docker-compose.override.yml, as README.md shows.`,
      ];
}

/** A login that is not remembered is given: the one at the address that the server has now. */
function deployText(
  { answers, deployed, plan }: Outcome,
  shown: string,
): string {
  const now = deployed ? planOf(deployed) : plan;
  const isRemembered = answers.ssh !== "none";
  const login = isRemembered ? [] : ["--ssh", shellWord(now.login)];
  const unknown =
    !isRemembered && now.loginIsUnknown
      ? " (SERVER: the name or address you log in with)"
      : "";
  return [
    `Copy it to the server, apply it there, and confirm it${unknown}:`,
    `       ${commandLine("deploy", shown, ...login)}`,
  ].join("\n");
}

const probeText = (shown: string): string =>
  [
    "Test it from a machine with IPv6 that is not the server:",
    `       ${commandLine("probe", shown)}`,
  ].join("\n");

/** The next steps after regenerate. */
export function updatedSteps(outcome: Outcome, shown: string): string[] {
  const { steps } = outcome;
  const list = [
    ...openSteps(outcome),
    ...steps.filter(({ first }) => first).map(stepText),
    ...containersText(outcome),
    deployText(outcome, shown),
    ...steps.filter(({ first }) => !first).map(stepText),
    probeText(shown),
    ...overlapText(outcome, shown, "deploy again"),
  ];
  return numbered(list, earlierText(outcome));
}

/** deploy has not confirmed earlier changes, but an owner who applies by hand may have applied them. */
function earlierText({
  deployed,
  previousAnswers,
  plan,
  phase,
}: Outcome): readonly string[] {
  if (!deployed || !previousAnswers) return [];
  const before = planOf(deployed);
  if (manualSteps(before, planOf(previousAnswers)).length === 0) return [];
  if (manualSteps(before, plan).length === 0) return BACK;
  return phase === "overlap" ? [...EARLIER, ...keptText(plan)] : EARLIER;
}

const indented = (text: string): string[] =>
  filled(text.split(" "), { indent: "  " });

const EARLIER = indented(
  `Earlier changes are included, because deploy has not confirmed them. Skip the steps of those that the server has. If you apply by hand, remove "deployed" from ${STATE_FILE} afterwards.`,
);
const BACK = indented(
  "The server should have these addresses: deploy has confirmed no others. If you applied others by hand, change their DNS records back.",
);

/** Which old addresses an overlap keeps, if the server may have others. */
const keptText = (plan: Plan): string[] =>
  indented(
    `Of the old addresses, these stay: ${addressesKept(plan).join(", ")}. If the server has others, run undo, remove "deployed" from ${STATE_FILE}, and run this again.`,
  );

/** What ends an overlap, and when. @param again how the change is applied */
export function overlapText(
  { overlap, phase }: Pick<Outcome, "overlap" | "phase">,
  shown: string,
  again: string,
): string[] {
  if (overlap)
    return [
      `When the TTL of the old records has passed since you changed them, end the\n     overlap, then ${again}:\n       ${commandLine("regenerate", shown, "--finish")}`,
    ];
  return phase === "finish"
    ? ["Remove the DNS records of the old addresses that are left."]
    : [];
}

/** What only the owner can do, with the commands for it. */
export function stepText(step: ManualStep): string {
  const lines =
    step.commands ??
    (step.note === undefined
      ? [
          ...(step.old === "" ? [] : [`old ${step.old}`]),
          ...(step.new === "" ? [] : [`new ${step.new}`]),
        ]
      : filled(step.note.split(" "), { width: 72 }));
  const text = [`${step.what}:`, ...lines.map((line) => `       ${line}`)];
  return printableText(text.join("\n"));
}

function numbered(
  lines: readonly string[],
  before: readonly string[] = [],
): string[] {
  return [
    "",
    "Next steps",
    ...before,
    ...lines.map((line, index) => `  ${index + 1}. ${line}`),
  ];
}
