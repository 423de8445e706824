import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answers } from "../../src/answers/types.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { inRoot } from "../e2e/lab/in-root.ts";
import { GENERATIONS } from "../e2e/lab/roots.ts";
import {
  detectedAt,
  providerRows,
  type ProviderRow,
} from "../support/providers.ts";
import { generated, writeTree } from "../support/trees.ts";
import {
  providerLinksOf,
  providerNetplanOf,
} from "../unit/detect/recordings.ts";
import { root } from "./server.ts";

/** Fits our file to the server's own one, as apply.sh does before it writes it. */
const FIT = `import json, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, "scripts")
from kong_ipv6.uplink_facts import UplinkFacts
folder, theirs, uplink = sys.argv[1:]
facts = UplinkFacts()
facts.__dict__.update(
    links=json.load(open("links.json")),
    plan=SimpleNamespace(kept=False, uplink=uplink),
    system=SimpleNamespace(have=lambda _: True, on=lambda path: Path("/nowhere" + path)),
    context=SimpleNamespace(
        network=SimpleNamespace(networkd_id=lambda: ""), repository=SimpleNamespace(path=Path(folder))
    ),
    advertised=(),
    netplan_texts={"50-cloud-init.yaml": open(theirs).read()},
)
print(facts.fitted.text, end="")`;

const CLOUD_INIT = "host/etc/netplan/50-cloud-init.yaml";
const OURS = "host/etc/netplan/60-kong-ipv6.yaml";

const rows = providerRows().filter(({ exposed }) => exposed !== "none");
const scratch = mkdtempSync(join(tmpdir(), "kong-ipv6-providers-"));
const made = new Map<
  string,
  { answers: Answers; netplan: string | undefined }
>();

beforeAll(async () => {
  for (const row of rows) {
    const { answers } = resolve((await detectedAt(row)).given);
    const { tree } = generated(answers);
    const netplan = providerNetplanOf(row.name);
    const path = join(scratch, row.name);
    writeTree(path, tree);
    writeTree(
      path,
      new Map([
        ["links.json", { text: providerLinksOf(row.name), mode: 0o644 }],
      ]),
    );
    if (netplan !== undefined)
      writeTree(path, new Map([[CLOUD_INIT, { text: netplan, mode: 0o600 }]]));
    made.set(row.name, { answers, netplan });
  }
});
afterAll(() => rmSync(scratch, { recursive: true }));

/**
 * What apply.sh and netplan do with the generated file, on one server of this generation. netplan may
 * have complaints about the provider's file (gateway6 is deprecated), but none about ours.
 */
const GENERATE = `set -e
cp -a /srv/made/"$1" /tmp; cd /tmp/"$1"
mkdir -p host/etc/netplan; chmod 600 host/etc/netplan/*
mkdir -p /tmp/ours/host/etc/netplan
mv ${OURS} /tmp/ours/${OURS} 2>/dev/null || true
complaints() { netplan generate --root-dir host 2>&1 | sed 's/^.*WARNING \\*\\*: [0-9:.]* //'; }
set -o pipefail
complaints >/tmp/before
if [ -e /tmp/ours/${OURS} ] && [ -e ${CLOUD_INIT} ]; then
	(umask 077; python3 -B -c "$3" /tmp/ours ${CLOUD_INIT} "$2" >${OURS})
elif [ -e /tmp/ours/${OURS} ]; then
	mv /tmp/ours/${OURS} ${OURS}
fi
complaints >/tmp/after
diff /tmp/before /tmp/after >&2
cat "host/run/systemd/network/10-netplan-$2.network"`;

describe.each(GENERATIONS)("detect, create, netplan on %s", (generation) => {
  it.each(rows)("$name", async ({ name }: ProviderRow) => {
    const { answers, netplan } = made.get(name)!;
    const { host, gateway, interface: uplink } = answers;
    if (host === "keep" && netplan === undefined) return;
    const { code, stdout, stderr } = await inRoot(
      await root(generation),
      { binds: [{ source: scratch, target: "/srv/made" }] },
      ["bash", "-c", GENERATE, "netplan", name, uplink, FIT],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    if (host === "keep") return;
    const address = host.includes("/") ? host : `${host}/64`;
    const lines = stdout.split("\n");
    expect(lines.filter((line) => line === `Address=${address}`)).toHaveLength(
      1,
    );
    expect(lines.filter((line) => line === `Gateway=${gateway}`)).toHaveLength(
      1,
    );
  });
});
