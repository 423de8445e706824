import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inPlace, recordedSsh, runs } from "../unit/detect/stand-in.ts";
import { run, Sandbox, type Result } from "../support/run.ts";
import { CTRL_C, ENTER, plain, Terminal } from "../support/terminal.ts";

const SSH = ["--ssh", "root@gw"];

/** A sandbox whose ssh answers as a recorded host did. */
class Far extends Sandbox {
  readonly env: { PATH: string };

  constructor(recorded: string) {
    super();
    this.env = {
      PATH: inPlace(join(this.root, "bin"), { ssh: recordedSsh(recorded) }),
    };
  }

  do(...args: string[]): Promise<Result> {
    return run(this, args, { env: this.env });
  }

  get asked(): boolean {
    return existsSync(join(this.root, "bin/ssh.arguments"));
  }
}

/** What the command prints itself: inquirer draws its prompts anew on their line. */
const ownLines = (output: string): string[] =>
  output.split("\n").filter((line) => !line.includes("? "));

const STATIC = {
  prefix: "2001:db8:1:2::/64",
  host: "2001:db8:1:2::2",
  interface: "ens3",
  gateway: "fe80::1",
  ipv4: "203.0.113.10",
};

describe("detect", () => {
  test("answers on standard output, their facts on standard error", async () => {
    const far = new Far("trixie-two-uplinks");
    const before = far.tree();
    const { code, stdout, stderr, tree } = await far.do("detect", ...SSH);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(STATIC);
    expect(stderr).toContain("the IPv6 default route");
    expect(stderr).toMatch(/^warning ens4 also has an IPv6 default route/m);
    expect(tree).toEqual({
      ...before,
      "bin/ssh.arguments": expect.any(String),
    });
  });

  test("what it prints is taken by --answers: JSON, and YAML", async () => {
    const far = new Far("trixie-busy");
    const shell = `"$@" --yaml >answers.yaml; "$@" >answers.json`;
    await run(far, ["detect", ...SSH], { env: far.env, shell });
    for (const file of ["answers.yaml", "answers.json"]) {
      const made = await far.do(`${file}.d`, "--answers", file, "--json");
      expect(JSON.parse(made.stdout)).toMatchObject({
        exitCode: 0,
        answers: { ...STATIC, exposed: "2001:db8:1:2:301::/80" },
      });
    }
  });

  test("--json: answers, facts and warnings in one", async () => {
    const far = new Far("sid-busy");
    const { stdout, stderr } = await far.do("detect", ...SSH, "--json");
    expect(stderr).toBe("");
    const { exitCode, answers, facts, warnings } = JSON.parse(stdout);
    expect({ exitCode, answers }).toMatchObject({ answers: STATIC });
    expect(exitCode).toBe(0);
    expect(facts).toContainEqual({
      key: "gateway",
      value: "fe80::1",
      source: "the gateway of the IPv6 default route",
    });
    expect(warnings).toHaveLength(1);
  });

  test("a server that can't be reached: exit 1, why, and what would do", async () => {
    const far = new Far("trixie-fresh");
    inPlace(join(far.root, "bin"), {
      ssh: "echo 'root@gw: Permission denied (publickey).' >&2; exit 255\n",
    });
    for (const args of [
      ["detect", ...SSH],
      ["gw", "--detect", ...SSH, "--yes"],
    ]) {
      const before = far.tree();
      const { code, stdout, stderr, tree } = await far.do(...args);
      expect({ code, stdout, tree }).toEqual({
        code: 1,
        stdout: "",
        tree: before,
      });
      expect(stderr).toContain(
        "error ssh could not log in to root@gw: root@gw: Permission denied (publickey). Without a terminal",
      );
    }
  });

  test("here: what this machine has, without root and without a change", async () => {
    const sandbox = new Sandbox();
    const bin = join(sandbox.root, "bin");
    const route = `[{"dst":"default","gateway":"fe80::1","dev":"eth0"}]`;
    const address = `[{"ifindex":2,"ifname":"eth0","addr_info":[{"family":"inet6","local":"2001:db8:7:7::2","prefixlen":64,"scope":"global"}]}]`;
    const PATH = inPlace(bin, {
      ip: `case "$*" in *address*) echo '${address}' ;; *-6*route*) echo '${route}' ;; *) echo '[]' ;; esac`,
      docker: "echo permission denied >&2; exit 1",
    });
    const { code, stdout, stderr } = await run(sandbox, ["detect"], {
      env: { PATH },
      unprivileged: true,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      prefix: "2001:db8:7:7::/64",
      interface: "eth0",
      ipv4: "none",
    });
    expect(stderr).toContain("permission denied");
  });
});

describe("create --detect", () => {
  test("takes what the server says as defaults, each with its source; flags win", async () => {
    const far = new Far("trixie-busy");
    const own = ["--gateway", "fe80::7"];
    const made = await far.do("gw", "--detect", ...SSH, "--yes", ...own);
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("on ens3, gateway fe80::7");
    expect(made.stdout).toMatch(/^Detected on the server:\n {2}prefix /m);
    expect(made.stdout).toMatch(/ {2}ipv4 +203\.0\.113\.10 +the IPv4 address/);
    expect(made.stdout).not.toMatch(/^ {2}gateway /m);
  });

  test("an interface that the server hasn't: nothing of another one is taken", async () => {
    const far = new Far("trixie-busy");
    const args = ["--detect", ...SSH, "--yes", "--interface", "eth9"];
    const { code, stderr } = await far.do("gw", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain("warning there is no interface eth9.");
    expect(stderr).toContain("error --prefix: it is missing");
  });

  test("--json has them as detected", async () => {
    const far = new Far("trixie-busy");
    const made = await far.do("gw", "--detect", ...SSH, "--json");
    const { detected, answers } = JSON.parse(made.stdout);
    expect(answers).toMatchObject(STATIC);
    expect(detected[0]).toEqual({
      key: "prefix",
      value: "2001:db8:1:2::/64",
      source: "ens3 has 2001:db8:1:2::2/64",
    });
  });

  test("a prefix that can't be told is missing, and why is said", async () => {
    const far = new Far("trixie-single-address");
    const { code, stderr } = await far.do("gw", "--detect", ...SSH, "--yes");
    expect(code).toBe(2);
    expect(stderr).toContain("is a single address (/128)");
    expect(stderr).toContain("error --prefix: it is missing");
    const given = ["--prefix", STATIC.prefix];
    const made = await far.do("gw", "--detect", ...SSH, "--yes", ...given);
    expect(made).toMatchObject({ code: 0 });
  });

  test("without it nothing is looked at", async () => {
    const far = new Far("trixie-busy");
    const made = await far.do("gw", "--prefix", STATIC.prefix, "--yes");
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("on ens3, gateway fe80::1");
    expect(made.stdout).not.toContain("Detected on the server");
    expect(far.asked).toBe(false);
  });

  test("arguments that can't be used are told before the server is asked", async () => {
    const far = new Far("trixie-busy");
    const { code } = await far.do("gw", "--detect", ...SSH, "--kong", "x");
    expect(code).toBe(2);
    expect(far.asked).toBe(false);
  });

  test("at a terminal: each default with its source, and all of them before the yes", async () => {
    const far = new Far("trixie-two-uplinks");
    const args = ["gw", "--detect", ...SSH];
    const terminal = new Terminal(far, args, { env: far.env });
    await terminal.see("detected        ens3 has 2001:db8:1:2::2/64\n");
    await terminal.answer("(2001:db8:1:2::/64)");
    await terminal.see("detected        the static address of ens3\n");
    await terminal.answer("(2001:db8:1:2::2)", "2001:db8:1:2::7");
    await terminal.answer("(2001:db8:1:2:300::/80)");
    await terminal.answer("(2001:db8:1:2:300::8100)");
    await terminal.answer("? More settings? (y/N)");
    await terminal.see("Detected on the server:");
    const seen = await terminal.see(" to gw? (Y/n");
    expect(seen).toMatch(/^ {2}ipv4 +203\.0\.113\.10 /m);
    // That one was answered otherwise.
    expect(seen).not.toMatch(/^ {2}host /m);
    terminal.type(ENTER);
    const repeat = await terminal.see("--yes");
    expect(repeat).toContain("--ipv4 203.0.113.10");
    expect(await terminal.ended).toBe(0);
  });

  test("the first question is the ssh login: what it answers detects, is kept and repeats", async () => {
    const far = new Far("trixie-two-uplinks");
    const terminal = new Terminal(far, ["gw"], { env: far.env });
    await terminal.answer("to detect the rest: (none)", "root@gw");
    await terminal.see("detected        ens3 has 2001:db8:1:2::2/64\n");
    for (const first of ["::/64", "::2", ":300::/80", ":300::8100"])
      await terminal.answer(`(2001:db8:1:2${first})`);
    await terminal.answer("? More settings? (y/N)");
    await terminal.see("Detected on the server:");
    await terminal.answer(" to gw? (Y/n", "y");
    await terminal.see("deploy gw");
    const repeat = await terminal.see("--yes");
    for (const flag of ["--ssh root@gw", "--interface ens3", "--ipv4 203."])
      expect(repeat).toContain(flag);
    expect(await terminal.ended).toBe(0);
    const { answers } = JSON.parse(far.read("gw/.kong-ipv6.json"));
    expect(answers).toMatchObject({ ssh: "root@gw", interface: "ens3" });
    expect(far.read("gw/README.md")).toContain(":8001 root@gw`");
  });

  test("a server that ssh can't reach is told, and the login asked for again", async () => {
    const far = new Far("trixie-fresh");
    inPlace(join(far.root, "bin"), {
      ssh: "echo 'root@gw: Permission denied (publickey).' >&2; exit 255\n",
    });
    const terminal = new Terminal(far, ["gw"], { env: far.env });
    await terminal.answer("to detect the rest: (none)", "root@gw");
    await terminal.see("error ssh could not log in to root@gw");
    await terminal.answer("Continue without the server's facts? (y/N)");
    await terminal.answer("to detect the rest: (none)");
    await terminal.see("the provider's IPv6 prefix");
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
  });

  test("with sources and a warning of 233 columns the plan had scrolled off, and words were cut", async () => {
    const far = new Far("sid-busy");
    const args = ["gw", "--detect", ...SSH, "--firewall", "none"];
    const terminal = new Terminal(far, args, { env: far.env });
    let given = "";
    for (let first = 0; first < 4; first += 1)
      given += await terminal.answer(": (");
    given += await terminal.answer("? More settings? (y/N)");
    const summary = await terminal.see(" to gw? (Y/n");
    for (const line of ownLines(given + summary))
      expect(line.length, line).toBeLessThanOrEqual(80);
    expect(summary).toContain("warning --firewall none: nothing on the server");
    const screen = summary.split("\n").slice(-24).join("\n");
    expect(screen).toMatch(/^ {2}Kong +2001:db8:1:2:301::8100$/m);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
  });

  test("errors and detect's facts were cut at 80 columns: a terminal gets whole words, a file whole lines", async () => {
    const far = new Far("sid-busy");
    const looked = new Terminal(far, ["detect", ...SSH], { env: far.env });
    expect(await looked.ended).toBe(0);
    const shown = plain(looked.output);
    expect(shown).toMatch(/^ {2}exposed .* free; 2001:db8:1:2:300::\/80$/m);
    expect(shown).toMatch(/^warning whether .*\n {8}\S/m);
    const piped = await far.do("detect", ...SSH);
    expect(piped.stderr).toMatch(/^warning whether .{100}/m);
    inPlace(join(far.root, "bin"), {
      ssh: "echo 'root@gw: Permission denied (publickey).' >&2; exit 255\n",
    });
    const refused = new Terminal(far, ["detect", ...SSH], { env: far.env });
    expect(await refused.ended).toBe(1);
    const why = plain(refused.output);
    expect(why).toMatch(/^error ssh could not log in .*\n {6}\S/m);
    for (const line of ownLines(shown + why))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test("at a terminal ssh may ask, and Ctrl-C ends it", async () => {
    const far = new Far("trixie-fresh");
    inPlace(join(far.root, "bin"), {
      ssh: `printf '%s\\n' "$@" >"$0.arguments"; echo asked >/dev/tty; exec sleep 30\n`,
    });
    for (const args of [["detect"], ["gw", "--detect"]]) {
      const before = far.tree();
      const terminal = new Terminal(far, [...args, ...SSH], { env: far.env });
      await terminal.see("asked");
      const { "bin/ssh.arguments": passed, ...after } = far.tree();
      expect(passed).toContain("BatchMode=no");
      terminal.type(CTRL_C);
      expect(await terminal.ended).toBe(130);
      expect(plain(terminal.output)).toContain(
        "Cancelled: nothing was written.",
      );
      expect(before).toMatchObject(after);
    }
  });

  test("Ctrl-C ends the local probe", async () => {
    const sandbox = new Sandbox();
    const PATH = inPlace(join(sandbox.root, "bin"), {
      ip: `echo $$ >"$0.pid"; exec sleep 30\n`,
    });
    const terminal = new Terminal(sandbox, ["detect"], { env: { PATH } });
    await terminal.see("Reading the facts of this machine ...\n");
    const pid = readFileSync(join(sandbox.root, "bin/ip.pid"), "utf8");
    expect(runs(Number(pid))).toBe(true);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(plain(terminal.output)).toContain("Cancelled: nothing was written.");
    expect(runs(Number(pid))).toBe(false);
  });

  test("after one second a waiting message is printed", async () => {
    const far = new Far("trixie-fresh");
    inPlace(join(far.root, "bin"), {
      ssh: `sleep 1.5\n${recordedSsh("trixie-fresh")}`,
    });
    const terminal = new Terminal(far, ["detect", ...SSH], { env: far.env });
    await terminal.see("Waiting for root@gw ...\n");
    const piped = await far.do("detect", ...SSH);
    expect(piped.code).toBe(0);
    expect(piped.stderr).not.toContain("Waiting");
    expect(await terminal.ended).toBe(0);
  });
});

describe("regenerate --detect", () => {
  test("follows a prefix that changed, and leaves the rest", async () => {
    const far = new Far("trixie-busy");
    const before = [
      "--prefix",
      "2001:db8:5:6::/64",
      "--host",
      "2001:db8:5:6::2",
    ];
    const own = ["--kong", "2001:db8:5:6:300::77", "--firewall", "nftables"];
    await far.do("gw", ...before, ...own, "--yes");
    const follow = ["regenerate", "gw", "--detect", ...SSH];
    const made = await far.do(...follow, "--json");
    const { detected, answers } = JSON.parse(made.stdout);
    expect(detected.map(({ key }: { key: string }) => key)).toEqual([
      "prefix",
      "host",
    ]);
    expect(answers).toMatchObject({
      prefix: "2001:db8:1:2::/64",
      kong: "2001:db8:1:2:300::77",
      firewall: "nftables",
      ipv4: "any",
    });
    const again = await far.do(...follow, "--yes");
    expect(again.stdout).toContain("Nothing to change.");
    expect(again.code).toBe(0);
  });
});

describe("detect --answers, for a file of hosts", () => {
  const FLEET = `controlPlane: a
domain: gw.example.com
hosts:
  a: {ssh: root@gw, ipv4: 203.0.113.99}
  b: {prefix: "2001:db8:9:9::/64"}
`;
  const far = (text = FLEET): Far => {
    const made = new Far("trixie-two-uplinks");
    writeFileSync(made.path("fleet.yml"), text);
    return made;
  };

  test("adds the facts of each host with an ssh answer; what is given counts", async () => {
    const { code, stdout, stderr } = await far().do(
      "detect",
      "--answers",
      "fleet.yml",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      controlPlane: "a",
      domain: "gw.example.com",
      hosts: {
        a: { ...STATIC, ssh: "root@gw", ipv4: "203.0.113.99" },
        b: { prefix: "2001:db8:9:9::/64" },
      },
    });
    expect(stderr).toMatch(/^a:\n[^]*the IPv6 default route/m);
  });

  test("what it prints makes the fleet: JSON, and YAML", async () => {
    const sandbox = far();
    for (const flags of [[], ["--yaml"]]) {
      const detect = ["detect", "--answers", "fleet.yml", ...flags];
      writeFileSync(sandbox.path("all"), (await sandbox.do(...detect)).stdout);
      const directory = `f${flags.length}`;
      const { code, stderr } = await sandbox.do(directory, "--answers", "all");
      expect([code, stderr]).toEqual([0, ""]);
      expect(sandbox.read(directory, "hosts/a/.env")).toContain(
        "KONG_BIND_IP=203.0.113.99\n",
      );
    }
  });

  test.each<[string, string, string[], string]>([
    [
      "no login",
      FLEET.replace("ssh: root@gw, ", ""),
      [],
      "no host has an ssh answer",
    ],
    [
      "no hosts",
      "prefix: 2001:db8:9:9::/64\n",
      [],
      "detect reads a file of hosts only",
    ],
    [
      "another login",
      FLEET,
      ["--ssh", "root@other"],
      "have their logins there",
    ],
  ])("refused: %s", async (_, text, flags, reason) => {
    const { code, stderr } = await far(text).do(
      "detect",
      "--answers",
      "fleet.yml",
      ...flags,
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });

  test("names each host that can't be read", async () => {
    const sandbox = far();
    writeFileSync(join(sandbox.root, "bin/ssh"), "#!/bin/sh\nexit 255\n");
    const { code, stderr, stdout } = await sandbox.do(
      "detect",
      "--answers",
      "fleet.yml",
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("error a: ");
  });
});
