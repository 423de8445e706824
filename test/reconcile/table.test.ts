import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { generate } from "../support/generate.ts";
import { type Outcome, type Request } from "../../src/reconcile/request.ts";
import { sha256 } from "../../src/repository/state.ts";
import { readState } from "../../src/repository/state-reader.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { undoLast } from "../../src/repository/undo.ts";
import { Sandbox, snapshot } from "../support/run.ts";
import { NEXT, OLD, STATE } from "./made.ts";

const GIVEN = { prefix: `${OLD}::/64`, internalPrefix: "fd4c:8a1e:92b7::/64" };
const TO: Given = { prefix: `${NEXT}::/64` };
const COMPOSE = "docker-compose.yml";

/** A repository on the disk, generated and regenerated in process. */
class Place {
  readonly sandbox = new Sandbox();
  readonly directory = this.sandbox.path("gw");

  static async made(given: Given = GIVEN): Promise<Place> {
    const place = new Place();
    await generate(given, place.request());
    return place;
  }

  request(more: Partial<Request> = {}): Request {
    const { directory } = this;
    return { directory, dryRun: false, conflict: "ask", git: false, ...more };
  }

  async again(
    given: Given = TO,
    more: Partial<Request> = {},
  ): Promise<Outcome> {
    const { state: previous, text: previousText } = readState(this.directory);
    const request = this.request({ previous, previousText, ...more });
    return await generate(given, request);
  }

  at(path: string): string {
    return this.sandbox.path("gw", path);
  }

  read(path: string): string {
    return this.sandbox.read("gw", path);
  }

  edit(path: string, change: (text: string) => string): void {
    writeFileSync(this.at(path), change(this.read(path)));
  }

  tree(): Record<string, string> {
    return snapshot(this.directory, [".kong-ipv6.undo"]);
  }
}

const actionOf = ({ changes }: Outcome, path: string): string | undefined => {
  const found = changes.find((change) => change.path === path);
  return found && [found.action, found.reason].filter(Boolean).join(": ");
};

describe("the decision table", () => {
  test("D = N: record only", async () => {
    const place = await Place.made();
    const target = await Place.made({ ...GIVEN, ...TO });
    writeFileSync(place.at("README.md"), target.read("README.md"));
    const outcome = await place.again();
    expect(actionOf(outcome, "README.md")).toBe("same");
    expect((await place.again({})).written).toBe(false);
  });

  test("no B, no D: create", async () => {
    const place = await Place.made();
    const outcome = await place.again({ database: "off" });
    expect(actionOf(outcome, "kong.yml")).toBe("create");
    expect(existsSync(place.at("kong.yml"))).toBe(true);
  });

  test("no B, D ≠ N: create-kong-ipv6 did not write it", async () => {
    const place = await Place.made();
    writeFileSync(place.at("kong.yml"), "mine: 1\n");
    const outcome = await place.again({ database: "off" });
    expect(actionOf(outcome, "kong.yml")).toBe(
      "conflict: create-kong-ipv6 did not write it",
    );
    expect(place.read("kong.yml")).toBe("mine: 1\n");
    expect(place.read("kong.yml.new")).toContain("_format_version");
    expect(outcome.exitCode).toBe(3);
  });

  test("D = B ≠ N: update", async () => {
    const place = await Place.made();
    expect(actionOf(await place.again(), COMPOSE)).toBe("update");
    expect(place.read(COMPOSE)).toContain(NEXT);
  });

  test("N = B ≠ D: the owner's stays", async () => {
    const place = await Place.made();
    place.edit("scripts/verify.sh", (text) => `${text}# mine\n`);
    const before = place.read("scripts/verify.sh");
    expect(actionOf(await place.again(), "scripts/verify.sh")).toBe(
      "keep: your edits",
    );
    expect(place.read("scripts/verify.sh")).toBe(before);
  });

  test("all differ: rewritten and merged", async () => {
    const place = await Place.made();
    place.edit(
      "README.md",
      (text) => `${text}\nMine: [${OLD.toUpperCase()}::77]:80\n`,
    );
    expect(actionOf(await place.again(), "README.md")).toBe("merge");
    expect(place.read("README.md")).toContain(
      `Mine: [${NEXT.toUpperCase()}::77]:80\n`,
    );
  });

  test("all differ, and the merge does not parse: conflict", async () => {
    const place = await Place.made();
    place.edit(".env", (text) => `${text}KONG_IMAGE_TAG=x\nA B C\n`);
    const before = place.read(".env");
    const outcome = await place.again();
    expect(actionOf(outcome, ".env")).toMatch(
      /^conflict: line \d+ is not KEY=VALUE$/,
    );
    expect(place.read(".env")).toBe(before);
    expect(place.read(".env.new")).toContain(NEXT);
    expect(lstatSync(place.at(".env.new")).mode & 0o777).toBe(0o600);
  });

  test("D gone, B there: stays deleted; theirs restores it", async () => {
    const place = await Place.made();
    rmSync(place.at("kong-build"), { recursive: true });
    expect(actionOf(await place.again(), "kong-build/Dockerfile")).toBe(
      "gone: deleted by you",
    );
    expect(existsSync(place.at("kong-build"))).toBe(false);
    await place.again({}, { conflict: "theirs" });
    expect(place.read("kong-build/Dockerfile")).toContain("FROM");
  });

  test("N gone, D = B: deleted, and its directory with it", async () => {
    const place = await Place.made();
    expect(
      actionOf(await place.again({ ndp: "none" }), "host/etc/ndppd.conf"),
    ).toBe("delete: no longer generated");
    expect(existsSync(place.at("host/etc/ndppd.conf"))).toBe(false);
  });

  test("N gone, D = B but for Windows line ends: deleted too", async () => {
    const place = await Place.made();
    place.edit("host/etc/ndppd.conf", (text) => text.replaceAll("\n", "\r\n"));
    expect(
      actionOf(await place.again({ ndp: "none" }), "host/etc/ndppd.conf"),
    ).toBe("delete: no longer generated");
  });

  test("N gone, D ≠ B: kept though no longer generated, and merged when it comes back", async () => {
    const place = await Place.made();
    place.edit("host/etc/ndppd.conf", (text) => `# mine\n${text}`);
    const before = place.read("host/etc/ndppd.conf");
    const away = await place.again({ ndp: "none" });
    expect(actionOf(away, "host/etc/ndppd.conf")).toBe(
      "orphan: no longer generated; you edited it",
    );
    expect(place.read("host/etc/ndppd.conf")).toBe(before);
    const back = await place.again({ ndp: "ndppd", ...TO });
    expect(actionOf(back, "host/etc/ndppd.conf")).toBe("merge");
    expect(place.read("host/etc/ndppd.conf")).toBe(
      before.replaceAll(OLD, NEXT),
    );
  });
});

const DROPIN = (name: string): string =>
  `host/etc/systemd/network/10-netplan-${name}.network.d/60-kong-ndp.conf`;

describe("a file that is generated under another path", () => {
  test("goes along with the owner's edits, and the old directory is gone", async () => {
    const place = await Place.made({ ...GIVEN, ndp: "kernel" });
    place.edit(DROPIN("ens3"), (text) => `${text}# mine\n`);
    const outcome = await place.again({ interface: "eth9" });
    expect(actionOf(outcome, DROPIN("ens3"))).toBe(
      `delete: is ${DROPIN("eth9")} now`,
    );
    expect(place.read(DROPIN("eth9"))).toContain("# mine\n");
    expect(
      existsSync(
        place.at("host/etc/systemd/network/10-netplan-ens3.network.d"),
      ),
    ).toBe(false);
    undoLast(place.directory, { dryRun: false, force: false });
    expect(place.read(DROPIN("ens3"))).toContain("# mine\n");
    expect(existsSync(place.at(DROPIN("eth9")))).toBe(false);
  });

  test.each(["ask", "keep", "theirs", "markers"] as const)(
    "the owner has a file at the new path, and --conflict %s: it is never overwritten",
    async (conflict) => {
      const place = await Place.made({ ...GIVEN, ndp: "kernel" });
      const generated = place.read(DROPIN("ens3"));
      mkdirSync(dirname(place.at(DROPIN("eth9"))), { recursive: true });
      writeFileSync(place.at(DROPIN("eth9")), "mine\n");
      const outcome = await place.again({ interface: "eth9" }, { conflict });
      expect(place.read(DROPIN("eth9"))).toBe("mine\n");
      if (conflict === "keep") {
        expect(existsSync(place.at(DROPIN("ens3")))).toBe(false);
        return;
      }
      expect(place.read(DROPIN("ens3"))).toBe(generated);
      expect(outcome.exitCode).toBe(3);
      expect(actionOf(outcome, DROPIN("eth9"))).toBe(
        "conflict: create-kong-ipv6 did not write it",
      );
    },
  );

  test("--conflict keep forgot the old file, and called the owner's absent", async () => {
    const place = await Place.made({ ...GIVEN, ndp: "kernel" });
    place.edit(DROPIN("ens3"), (text) => `${text}# mine\n`);
    mkdirSync(dirname(place.at(DROPIN("eth9"))), { recursive: true });
    writeFileSync(place.at(DROPIN("eth9")), "mine\n");
    const outcome = await place.again(
      { interface: "eth9" },
      { conflict: "keep" },
    );
    expect(actionOf(outcome, DROPIN("ens3"))).toBe(
      "orphan: no longer generated; you edited it",
    );
    expect(place.read(DROPIN("ens3"))).toContain("# mine\n");
    const { files } = JSON.parse(place.read(STATE));
    expect(files[DROPIN("ens3")].answers.interface).toBe("ens3");
    expect(files[DROPIN("eth9")].owner).toBe(sha256("mine\n"));
  });

  test("--conflict keep left the owner's text at the old path, and forgot it", async () => {
    const place = await Place.made({ ...GIVEN, ndp: "kernel" });
    place.edit(DROPIN("ens3"), (text) => `${text}not a setting\n`);
    const to = { interface: "eth9", kong: `${OLD}:300::9` };
    expect((await place.again(to)).exitCode).toBe(3);
    await place.again({}, { conflict: "keep" });
    expect(place.read(DROPIN("eth9"))).toContain("not a setting\n");
    expect(existsSync(place.at(DROPIN("ens3")))).toBe(false);
    expect(actionOf(await place.again({}), DROPIN("eth9"))).toBe(
      "keep: your edits",
    );
  });

  test.each([
    ["theirs", DROPIN("eth9"), `${OLD}:300::9`],
    // What has markers already gets no others.
    ["markers", DROPIN("ens3"), "<<<<<<< a"],
  ] as const)(
    "in conflict, with --conflict %s: it is at one path",
    async (conflict, path, text) => {
      const place = await Place.made({ ...GIVEN, ndp: "kernel" });
      place.edit(
        DROPIN("ens3"),
        (text) => `${text}<<<<<<< a\n=======\n>>>>>>> b\n`,
      );
      const held = await place.again({
        interface: "eth9",
        kong: `${OLD}:300::9`,
      });
      expect(held.exitCode).toBe(3);
      expect(place.read(DROPIN("ens3"))).toContain("<<<<<<< a");
      expect(existsSync(place.at(`${DROPIN("ens3")}.new`))).toBe(false);
      await place.again({}, { conflict });
      const there = [DROPIN("ens3"), DROPIN("eth9")].filter((one) =>
        existsSync(place.at(one)),
      );
      expect(there).toEqual([path]);
      expect(place.read(path)).toContain(text);
    },
  );
});

/** What may stand where a file that changes was. */
const IN_THE_WAY: readonly [string, (at: string) => void, string][] = [
  [
    "a symbolic link",
    (at) => symlinkSync("../elsewhere.md", at),
    "a symbolic link",
  ],
  ["a directory", (at) => mkdirSync(at), "a directory"],
  ["a named pipe", (at) => execFileSync("mkfifo", [at]), "a special file"],
  [
    "a binary file",
    (at) => writeFileSync(at, Buffer.from([0xff, 0xfe, 0])),
    "not a text file",
  ],
  [
    "a huge file",
    (at) => writeFileSync(at, "x".repeat(5_000_000)),
    "a file of 5000000 bytes",
  ],
];

describe("in the way", () => {
  test("a file with conflict markers got others around them, or was kept and then a conflict again", async () => {
    const place = new Place();
    const text = "<<<<<<< a\n=======\n>>>>>>> b\n";
    mkdirSync(place.directory);
    writeFileSync(place.at("README.md"), text);
    for (const conflict of ["markers", "keep"] as const) {
      const outcome = await generate(GIVEN, place.request({ conflict }));
      expect(actionOf(outcome, "README.md")).toBe(
        "conflict: it still has conflict markers",
      );
      expect(place.read("README.md")).toBe(text);
    }
  });

  test.each(IN_THE_WAY)(
    "%s: left alone, a conflict until it is kept",
    async (_, put, what) => {
      const place = await Place.made();
      writeFileSync(place.sandbox.path("elsewhere.md"), "elsewhere\n");
      rmSync(place.at("README.md"));
      put(place.at("README.md"));
      const before = lstatSync(place.at("README.md"));
      const outcome = await place.again();
      expect(actionOf(outcome, "README.md")).toBe(`conflict: ${what}`);
      expect(place.read("README.md.new")).toContain(NEXT);
      await place.again({}, { conflict: "theirs" });
      const after = lstatSync(place.at("README.md"));
      expect([after.ino, after.size, after.mode]).toEqual([
        before.ino,
        before.size,
        before.mode,
      ]);
      expect(place.sandbox.read("elsewhere.md")).toBe("elsewhere\n");
      rmSync(place.at("README.md.new"));
      expect((await place.again({}, { conflict: "keep" })).exitCode).toBe(0);
      expect(actionOf(await place.again({}), "README.md")).toBe(
        `keep: ${what}`,
      );
    },
  );

  test.each(IN_THE_WAY)(
    "%s where .new should lie: nothing is written there, and it is said",
    async (_, put, what) => {
      const place = await Place.made();
      place.edit(COMPOSE, (text) =>
        text.replace(OLD, "mine").replace("image: kong-ipv6:local", "image: x"),
      );
      writeFileSync(place.at("README.md"), "# Mine\n");
      put(place.at("README.md.new"));
      const before = lstatSync(place.at("README.md.new"));
      const outcome = await place.again({ ...TO, domain: "a.example" });
      expect(actionOf(outcome, "README.md")).toMatch(/^conflict/);
      expect(outcome.notes).toContain(
        `README.md.new could not be written: it is ${what}.`,
      );
      expect(lstatSync(place.at("README.md.new")).ino).toBe(before.ino);
    },
  );
});

describe("line ends and modes", () => {
  test("CRLF stays CRLF, and the file merges", async () => {
    const place = await Place.made();
    place.edit("README.md", (text) => `${text}mine\n`.replaceAll("\n", "\r\n"));
    const before = place.read("README.md");
    expect(actionOf(await place.again(), "README.md")).toBe("merge");
    expect(place.read("README.md")).not.toMatch(/[^\r]\n/);
    await place.again(GIVEN);
    expect(place.read("README.md")).toBe(before);
  });

  test("one line with a Windows line end is the owner's edit: the others stay as they are", async () => {
    const place = await Place.made();
    place.edit("README.md", (text) => `mine\r\n${text}`);
    const outcome = await place.again({ ...TO, domain: "gw.example.com" });
    expect(actionOf(outcome, "README.md")).toBe("merge");
    expect(place.read("README.md")).toMatch(/^mine\r\n[^\r]+$/);
  });

  test("a final newline that the owner removed stays removed", async () => {
    const place = await Place.made();
    place.edit("README.md", (text) => text.trimEnd());
    await place.again();
    expect(place.read("README.md")).toMatch(/[^\n]$/);
  });

  test("the owner's mode stays; other files have the generated mode", async () => {
    const place = await Place.made();
    chmodSync(place.at(COMPOSE), 0o640);
    await place.again();
    const modes = Object.entries(place.tree()).map(([path, text]) => [
      path,
      text.slice(5, 9),
    ]);
    expect(Object.fromEntries(modes)).toMatchObject({
      [COMPOSE]: "0640",
      ".env": "0600",
      "host/etc/netplan/60-kong-ipv6.yaml": "0600",
      "scripts/apply.sh": "0755",
    });
  });
});

test("an address with /128 is rewritten if only it changes", async () => {
  const place = await Place.made();
  place.edit(
    "host/etc/ndppd.conf",
    (text) => `# ${OLD}:300::8100/128\n${text}`,
  );
  await place.again({ kong: `${OLD}:300::9` });
  expect(place.read("host/etc/ndppd.conf")).toMatch(
    /^# 2a03:2222:3333:4444:300::9\/128\n/,
  );
});

describe(".env", () => {
  const password = (text: string): string | undefined =>
    /^KONG_PG_PASSWORD=(.+?)\r?$/m.exec(text)?.[1];

  test("the secret stays, addresses are rewritten, the owner's variables stay", async () => {
    const place = await Place.made();
    place.edit(".env", (text) => `${text}MINE=[${OLD}::5]:1\n`);
    const before = place.read(".env");
    await place.again({ ...TO, ipv4: "198.51.100.7" });
    const after = place.read(".env");
    expect(password(after)).toBe(password(before));
    expect(after).toContain(`MINE=[${NEXT}::5]:1\n`);
    expect(after).toContain("KONG_BIND_IP=198.51.100.7\n");
    expect(place.read(STATE)).not.toContain(password(before));
  });

  test("with CRLF too", async () => {
    const place = await Place.made();
    place.edit(".env", (text) => text.replaceAll("\n", "\r\n"));
    const before = password(place.read(".env"));
    await place.again();
    expect(password(place.read(".env"))).toBe(before);
    expect(place.read(".env")).not.toMatch(/[^\r]\n/);
  });

  test("deleted, as in a clone: no new password is made unasked", async () => {
    const place = await Place.made();
    rmSync(place.at(".env"));
    expect(actionOf(await place.again(), ".env")).toBe(
      "gone: not in this copy",
    );
    expect(existsSync(place.at(".env"))).toBe(false);
  });

  test("without a database and back: the password is the same", async () => {
    const place = await Place.made();
    const before = place.read(".env");
    await place.again({ database: "off" });
    expect(password(place.read(".env"))).toBe(password(before));
    await place.again({ database: "postgres" });
    expect(place.read(".env")).toBe(before);
  });
});

describe("undo", () => {
  test("restores content, modes and deletions; a second undo redoes", async () => {
    const place = await Place.made();
    chmodSync(place.at(COMPOSE), 0o640);
    place.edit("README.md", (text) => `${text}mine\n`);
    const before = place.tree();
    await place.again({ ...TO, ndp: "kernel", database: "off" });
    const after = place.tree();
    const back = { dryRun: false, force: false };
    undoLast(place.directory, back);
    expect(place.tree()).toEqual(before);
    undoLast(place.directory, back);
    expect(place.tree()).toEqual(after);
  });

  test("refuses if a file or its mode was changed since, unless forced", async () => {
    const place = await Place.made();
    const before = place.tree();
    await place.again();
    place.edit("README.md", (text) => `${text}mine\n`);
    chmodSync(place.at(COMPOSE), 0o600);
    const after = place.tree();
    const refused = undoLast(place.directory, {
      dryRun: false,
      force: false,
    });
    expect([...refused.edited].sort()).toEqual(["README.md", COMPOSE]);
    expect(place.tree()).toEqual(after);
    undoLast(place.directory, { dryRun: false, force: true });
    expect(place.tree()).toEqual(before);
    undoLast(place.directory, { dryRun: false, force: true });
    expect(place.tree()).toEqual(after);
  });

  test("undo in a clone deletes nothing", async () => {
    const place = await Place.made();
    rmSync(place.at(".env"));
    const before = place.tree();
    const { edited } = undoLast(place.directory, {
      dryRun: false,
      force: false,
    });
    expect(edited).toEqual([".env"]);
    expect(place.tree()).toEqual(before);
  });

  test("undo of create deletes everything but foreign files", async () => {
    const place = await Place.made();
    writeFileSync(place.at("mine.txt"), "mine\n");
    undoLast(place.directory, { dryRun: false, force: false });
    expect(Object.keys(place.tree())).toEqual(["mine.txt"]);
  });
});
