import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { bring, openCell, timed } from "./cell.ts";
import { type Cell, HOST, KONG } from "./cells.ts";
import type { Findings } from "./promises.ts";
import { addNeighbours, closed, overShortPath, reached } from "./reach.ts";

/**
 * Checks that the matrix notices faults. One correctly deployed server is broken in one way after another. Each time
 * exactly the named rows must give another result.
 */

const CELL: Cell = {
  generation: "trixie",
  ufw: false,
  ndp: "ndppd",
  life: false,
  exposes: false,
};

let lab: Lab;

beforeAll(async () => {
  lab = await openCell(CELL);
  await bring(CELL, lab);
  await timed(lab, "apply.sh");
  await addNeighbours(lab);
}, 5 * 60_000);
afterAll(() => lab?.close());

const NAT = (rule: string) =>
  `ip6tables -t nat -A POSTROUTING ${rule} -j MASQUERADE`;

interface Breakage {
  breaks: string;
  by: string;
  mended: string;
  rows: Record<string, string>;
}

const BREAKAGES: readonly Breakage[] = [
  {
    breaks: "the product's table is gone",
    by: "systemctl stop kong-ipv6-firewall",
    mended: "systemctl start kong-ipv6-firewall",
    rows: { neighbour: "OPEN", docker0: "OPEN", internal: "OPEN" },
  },
  {
    breaks: "something private is published on all addresses",
    by: `docker run --detach --name leak --publish 8001:8001 --ulimit nofile=65536:65536 \\
      -e KONG_DATABASE=off -e KONG_ADMIN_LISTEN=off -e KONG_PROXY_LISTEN=0.0.0.0:8001 kong:3.9.3; sleep 2`,
    mended: "docker rm --force leak",
    rows: { six: "OPEN", four: "OPEN", internal: "OPEN" },
  },
  {
    breaks: "the server itself listens on 80 of its own IPv6",
    by: `systemd-run --quiet --unit=leak python3 -m http.server --bind ${HOST} 80; sleep 1`,
    mended: "systemctl stop leak",
    rows: { sixWeb: "OPEN" },
  },
  {
    breaks: "clients' addresses are hidden by NAT",
    by: NAT(`-d ${KONG}`),
    mended: NAT(`-d ${KONG}`).replace(" -A ", " -D "),
    rows: { client6: "another" },
  },
  {
    breaks: "Kong's outgoing connections are masqueraded",
    by: NAT(`-s ${KONG}`),
    mended: NAT(`-s ${KONG}`).replace(" -A ", " -D "),
    rows: { outgoing: "another" },
  },
  {
    breaks: "ndppd answers for another address",
    by: "sed -i s/::8100/::8101/ /etc/ndppd.conf; systemctl restart ndppd",
    mended: "sed -i s/::8101/::8100/ /etc/ndppd.conf; systemctl restart ndppd",
    rows: {
      six80: "not reached",
      six443: "not reached",
      client6: "another",
      outgoing: "another",
      kongPrivate: "no knock came",
    },
  },
];

/** The rows whose result differs from that of an intact server. */
async function unusual(): Promise<Record<string, string | number>> {
  await lab.topology.flushNeighbours();
  const found: Findings = new Map([
    ...(await reached(lab)),
    ...(await closed(lab)),
  ]);
  const usual = ["reached", "closed", "the client's", "Kong's address"];
  return Object.fromEntries(
    [...found]
      .map(([row, { value }]) => [row, value] as const)
      .filter(([, value]) => !usual.includes(String(value))),
  );
}

test("on an intact server everything is as promised", async () => {
  expect(await unusual()).toEqual({});
});

for (const { breaks, by, mended, rows } of BREAKAGES)
  test(`${breaks}: ${Object.keys(rows).join(", ")}`, async () => {
    await lab.host.sh(by);
    try {
      expect(await unusual()).toEqual(rows);
    } finally {
      await lab.host.sh(mended);
    }
  });

test('no "too big" message is sent for packets that are too big: mtu', async () => {
  const rule = "FORWARD -p icmpv6 --icmpv6-type packet-too-big -j DROP";
  await lab.host.sh(`ip6tables -I ${rule}`);
  expect(await overShortPath(lab)).toMatchObject({ value: "cut short" });
});
