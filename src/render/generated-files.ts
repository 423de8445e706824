import type { PlanTexts } from "../plan/plan.ts";

/** How a merged text is checked; `text` and `markdown` are free text. */
type Format =
  | "braces"
  | "dockerfile"
  | "dotenv"
  | "ini"
  | "json"
  | "markdown"
  | "python"
  | "shell"
  | "sysctl"
  | "text"
  | "yaml";

/** One file of a generated repository. */
interface GeneratedFile {
  /** Relative path in the repository; `[interface]` stands for the uplink's name. */
  readonly path: string;
  /** `template`: templates/<path>.hbs, shaped by answers. `verbatim`: files/<path>, the same everywhere. */
  readonly source: "template" | "verbatim";
  readonly format: Format;
  /** Permission bits. */
  readonly mode: number;
  /** Whether a plan has the file. */
  readonly when: (plan: PlanTexts) => boolean;
  /** Whether it holds secrets. Everywhere except on disk, `<secret>` replaces them. */
  readonly secret: boolean;
  /** Whether the order of its lines matters. If not, a merge may put lines of both sides side by side. */
  readonly ordered: boolean;
}

type Row = Pick<GeneratedFile, "path" | "format"> &
  Partial<Omit<GeneratedFile, "source">>;

const PRIVATE = 0o600;
const EXECUTABLE = 0o755;

/** The plan as data. No other repository has it. */
export const PLAN_FILE = "scripts/plan.json";

const file = (source: GeneratedFile["source"], row: Row): GeneratedFile => ({
  source,
  mode: row.format === "shell" ? EXECUTABLE : 0o644,
  when: () => true,
  secret: false,
  ordered: true,
  ...row,
});

const ownFirewall = ({ firewall }: PlanTexts): boolean => firewall.own;
/** During an overlap in which a container's address changed. */
const movedContainers = ({ previous }: PlanTexts): boolean =>
  (previous?.containers.length ?? 0) > 0;

const TEMPLATES: readonly Row[] = [
  {
    path: ".env",
    format: "dotenv",
    mode: PRIVATE,
    secret: true,
    ordered: false,
  },
  { path: ".env.example", format: "dotenv" },
  { path: ".gitattributes", format: "text" },
  { path: ".gitignore", format: "text", ordered: false },
  { path: "README.md", format: "markdown" },
  { path: "docker-compose.yml", format: "yaml" },
  { path: "host/etc/docker/daemon.json", format: "json" },
  {
    path: "host/etc/kong-ipv6/firewall.nft",
    format: "braces",
    when: ownFirewall,
  },
  {
    path: "host/etc/kong-ipv6/overlap.nft",
    format: "braces",
    when: movedContainers,
  },
  {
    path: "host/etc/ndppd.conf",
    format: "braces",
    when: ({ ndp }) => ndp.ndppd,
  },
  // netplan warns about a file that others can read (netplan 0.106 and later).
  {
    path: "host/etc/netplan/60-kong-ipv6.yaml",
    format: "yaml",
    mode: PRIVATE,
    when: ({ host }) => host !== null,
  },
  { path: "host/etc/sysctl.d/60-kong-ipv6.conf", format: "sysctl" },
  {
    path: "host/etc/systemd/network/10-netplan-[interface].network.d/60-kong-ndp.conf",
    format: "ini",
    when: ({ ndp }) => ndp.kernel,
  },
  { path: "kong-build/Dockerfile", format: "dockerfile" },
  // No answer changes it, but owners add their services: as a template, a newer one is merged.
  {
    path: "kong.yml",
    format: "yaml",
    when: ({ postgres, fleet }) => !postgres && fleet === null,
  },
  { path: "scripts/network.sh", format: "shell" },
  { path: PLAN_FILE, format: "json" },
  { path: "scripts/ufw.sh", format: "shell" },
];

/** The server program: the same in every repository. */
export const PROGRAM_FOLDER = "scripts/kong_ipv6/";

/** The modules of the server program. */
const PROGRAM: readonly string[] = [
  "__init__",
  "__main__",
  "confirm",
  "conntrack",
  "copies",
  "daemon_keys",
  "engine",
  "facts",
  "journal",
  "lock",
  "netplan_files",
  "network_state",
  "nft_table",
  "packets",
  "plan",
  "report",
  "resources/__init__",
  "resources/base",
  "resources/compose",
  "resources/compose_refusals",
  "resources/compose_undo",
  "resources/containers",
  "resources/daemon_json",
  "resources/expose",
  "resources/files",
  "resources/filters",
  "resources/firewall",
  "resources/handover",
  "resources/kong",
  "resources/link",
  "resources/migrations",
  "resources/ndp",
  "resources/netplan",
  "resources/network",
  "resources/overlap",
  "resources/packages",
  "resources/previous_image",
  "resources/secrets",
  "resources/services",
  "resources/sysctl",
  "resources/ufw",
  "resources/uplink",
  "revert",
  "run",
  "settings",
  "solicit",
  "staging",
  "system",
  "ufw_rules",
  "uplink_facts",
];

const VERBATIM: readonly Row[] = [
  {
    path: "host/etc/systemd/system/kong-ipv6-firewall.service",
    format: "ini",
    when: ownFirewall,
  },
  {
    path: "host/etc/systemd/system/kong-ipv6-overlap.service",
    format: "ini",
    when: movedContainers,
  },
  {
    path: "host/etc/systemd/system/ndppd.service",
    format: "ini",
    when: ({ ndp }) => ndp.ndppd,
  },
  {
    path: "host/etc/systemd/system/nftables.service.d/kong-ipv6.conf",
    format: "ini",
    when: ownFirewall,
  },
  {
    path: "host/etc/systemd/system/nftables.service.d/kong-ipv6-overlap.conf",
    format: "ini",
    when: movedContainers,
  },
  { path: "scripts/apply.sh", format: "shell" },
  { path: "scripts/rollback.sh", format: "shell" },
  { path: "scripts/verify.sh", format: "shell" },
  ...PROGRAM.map((name): Row => ({
    path: `${PROGRAM_FOLDER}${name}.py`,
    format: "python",
  })),
];

/** Every file that a repository may have, in the order of the paths. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  ...TEMPLATES.map((row) => file("template", row)),
  ...VERBATIM.map((row) => file("verbatim", row)),
].sort((a, b) => (a.path < b.path ? -1 : 1));

const INTERFACE = "[interface]";

/** A row's path in the repository of a plan. */
export const pathIn = (
  { path }: GeneratedFile,
  { uplink }: PlanTexts,
): string => path.replace(INTERFACE, uplink.name);

/**
 * The row that a path in a repository belongs to, whatever its uplink.
 * @returns undefined for a file that this generator doesn't know
 */
export function generatedFile(path: string): GeneratedFile | undefined {
  return GENERATED_FILES.find((row) => {
    const [start = "", end] = row.path.split(INTERFACE);
    return end === undefined
      ? row.path === path
      : path.startsWith(start) && path.endsWith(end);
  });
}
