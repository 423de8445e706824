import { describe, expect, test } from "vitest";
import { imageDoubt, parseImage } from "../../../src/answers/parse-image.ts";
import {
  parseDomain,
  parseInterface,
  parseNetwork,
  parsePlugin,
  parseSsh,
  parseSshTarget,
} from "../../../src/answers/parse-names.ts";
import { parseDataDir } from "../../../src/answers/parse-paths.ts";
import { GENERATED_FILES } from "../../../src/render/generated-files.ts";
import { HOSTILE, refusalOf } from "../../support/refusal.ts";

interface Name {
  readonly read: (text: string) => string;
  readonly kept: readonly string[];
  /** What is taken, and as what. */
  readonly changed?: readonly (readonly [string, string])[];
  /** What is refused, and with which words. */
  readonly refused: readonly (readonly [string, string])[];
}

const ufwWord = (word: string): readonly [string, string] => [word, "ufw"];

const long = (length: number): string => "x".repeat(length);

const NAMES: Record<string, Name> = {
  "--interface": {
    read: parseInterface,
    kept: [
      "ens3",
      "a",
      "eth0.100",
      "br-lan_1",
      "12",
      "null",
      "on",
      long(15),
      "LO",
    ],
    refused: [
      ["", "1 to 15"],
      [long(16), "1 to 15"],
      ["-i", "1 to 15"],
      [".", "1 to 15"],
      ["..", "1 to 15"],
      ["_x", "1 to 15"],
      ["eth0/1", "1 to 15"],
      ["eth0:1", "1 to 15"],
      ["eth0@if2", "1 to 15"],
      ["lo", "not an uplink"],
      ["all", "not an uplink"],
      ["default", "not an uplink"],
      ["any", "not an uplink"],
      ["docker0", "not an uplink"],
      // ufw reads `in on out out on bridge` as another rule, or none.
      ...["app", "comment", "from", "in", "log", "log-all"].map(ufwWord),
      ...["out", "port", "proto", "to"].map(ufwWord),
    ],
  },
  "--network": {
    read: parseNetwork,
    kept: ["ipv6_exposed", "ab", long(63), "a.b-c_d", "12", "null", "hosts"],
    refused: [
      ["", "2 to 63"],
      ["a", "2 to 63"],
      [long(64), "2 to 63"],
      ["-ab", "not . _ - first"],
      [".ab", "not . _ - first"],
      ["a/b", "2 to 63"],
      ["host", "Docker reserves"],
      ["Bridge", "Docker reserves"],
      ["NONE", "Docker reserves"],
      ["default", "Docker reserves"],
      ["container", "Docker reserves"],
      ["docker0", "in use"],
      ["out", "special to sysctl or ufw"],
      ["port", "special to sysctl or ufw"],
      ["kong-ipv6_kong-net", "kong-net"],
      ["lo", "in use"],
      ["all", "in use"],
    ],
  },
  "--ssh": {
    read: parseSshTarget,
    kept: [
      "gw",
      "root@gw",
      "root@192.0.2.10",
      "admin-1@my_gw.example.com",
      "root@2001:db8::1",
      "[2001:db8::1]",
    ],
    refused: [
      ["", "its host is not a plain name"],
      ["-oProxyCommand=id", "its host is not a plain name"],
      ["root@-oProxyCommand=id", "its host is not a plain name"],
      ["-l@gw", "its user is not a plain name"],
      ["@gw", "its user is not a plain name"],
      ["root@", "its host is not a plain name"],
      ["a@b@gw", "its user is not a plain name"],
      ["root@gw:22", "~/.ssh/config"],
      ["ssh://root@gw", "~/.ssh/config"],
      [`root@${long(254)}`, "its host is not a plain name"],
    ],
  },
  "--domain": {
    read: parseDomain,
    kept: [
      "none",
      "gateway.example.com",
      "a.b",
      "xn--bcher-kva.example",
      `${long(63)}.example`,
      "1.2.example",
      "a--b.example",
      [long(63), long(63), long(63), long(61)].join("."),
    ],
    changed: [
      ["Gateway.Example.COM", "gateway.example.com"],
      ["gateway.example.com.", "gateway.example.com"],
      ["NONE", "none"],
    ],
    refused: [
      ["", "not a fully qualified"],
      [".", "not a fully qualified"],
      ["localhost", "not a fully qualified"],
      ["a..b", "not a fully qualified"],
      [".example.com", "not a fully qualified"],
      ["example.com..", "not a fully qualified"],
      ["-a.example", "not a fully qualified"],
      ["a-.example", "not a fully qualified"],
      ["a_b.example", "not a fully qualified"],
      ["*.example.com", "not a fully qualified"],
      [`${long(64)}.example`, "not a fully qualified"],
      [[long(63), long(63), long(63), long(62)].join("."), "fully qualified"],
      ["192.0.2.1", "not a fully qualified"],
      ["example.123", "not a fully qualified"],
      ["2001:db8::1", "not a fully qualified"],
      ["bücher.example", "its ASCII form: xn--bcher-kva.example"],
      ["http://example.com", "not a fully qualified"],
      ["example.com:443", "not a fully qualified"],
    ],
  },
  "--kong-image": {
    read: parseImage,
    kept: [
      "kong",
      "kong:3.9.3",
      "kong:3.9.3-ubuntu",
      "team/kong",
      "localhost:5000/team/kong:latest",
      "images.example.com/a/b__c/d-e:tag_1",
      `kong@sha256:${"0".repeat(64)}`,
      `kong:3.9.3@sha256:${"f".repeat(64)}`,
    ],
    refused: [
      ["", "not an image"],
      ["Kong", "not an image"],
      ["kong:", "not an image"],
      ["kong:-1", "not an image"],
      ["kong::1", "not an image"],
      [`kong:${long(129)}`, "not an image"],
      ["kong@sha256:0", "not an image"],
      [`kong@sha256:${"F".repeat(64)}`, "not an image"],
      ["/kong", "not an image"],
      ["kong/", "not an image"],
      ["a//b", "not an image"],
      ["a..b", "not an image"],
      ["kong AS base", "not an image"],
      ["--platform=x kong", "not an image"],
      [`${long(200)}/${long(60)}`, "not an image"],
    ],
  },
  "--plugin": {
    read: parsePlugin,
    kept: [
      "kong-oidc",
      "kong-plugin-jwt2header",
      "a",
      "1.0",
      "X_y",
      "kong-plugin-x",
      long(100),
      "kong-oidc=oidc",
      "kong-plugin-x=y_z-1",
    ],
    changed: [
      ["kong-plugin-x=x", "kong-plugin-x"],
      ["x=x", "x"],
    ],
    refused: [
      ["kong-oidc=", "name of a plugin"],
      ["kong-oidc=a=b", "name of a plugin"],
      ["kong-oidc=a.b", "name of a plugin"],
      ["kong-oidc=-a", "name of a plugin"],
      ["kong-oidc=a\nRUN x", "name of a plugin"],
      [`kong-oidc=${long(101)}`, "name of a plugin"],
      ["=oidc", "name of a rock"],
      ["", "name of a rock"],
      [long(101), "name of a rock"],
      ["-x", "name of a rock"],
      ["kong-plugin-", "no plugin name follows kong-plugin-"],
      ["--server=x", "name of a rock"],
      ["a b", "name of a rock"],
      ["a/b", "name of a rock"],
      ["a,b", "name of a rock"],
    ],
  },
  "--data-dir": {
    read: parseDataDir,
    kept: [
      "./data",
      "/srv/kong",
      "/var/lib/kong",
      "/var/lib/docker-kong",
      "/var/runs",
      "/opt/kong-ipv6-data",
      "/home/kong",
      "./a/b.c",
    ],
    changed: [
      ["data", "./data"],
      ["data/", "./data"],
      ["././data//x/", "./data/x"],
      ["/srv//kong/./data/", "/srv/kong/data"],
      ["./a@b+c-d_e", "./a@b+c-d_e"],
    ],
    refused: [
      ["", "letters, digits"],
      [".", "the repository itself uses"],
      ["./", "the repository itself uses"],
      ["./.git", "the repository itself uses"],
      ["host", "the repository itself uses"],
      ["./host/data", "the repository itself uses"],
      ["scripts", "the repository itself uses"],
      ["./kong.yml", "the repository itself uses"],
      ["..", "leaves its directory"],
      ["./data/../..", "leaves its directory"],
      ["/srv/../etc", "leaves its directory"],
      ["-data", "starts with a dash"],
      ["/srv/-rf", "starts with a dash"],
      ["/", "belongs to the system"],
      ["//", "belongs to the system"],
      ["/etc", "belongs to the system"],
      ["/etc/kong", "belongs to the system"],
      ["/usr/./lib", "belongs to the system"],
      ["/tmp/kong", "belongs to the system"],
      ["/run/kong", "belongs to the system"],
      ["/var", "belongs to the system"],
      ["/home", "belongs to the system"],
      ["/var/run/kong", "emptied at a reboot"],
      ["/var/lock/k", "emptied at a reboot"],
      ["/var/tmp/kong", "emptied at a reboot"],
      ["/var/lib/docker", "Docker itself keeps its own data there"],
      ["/var/lib/docker/volumes/x", "Docker itself"],
      // It contains them.
      ["/var/lib", "Docker itself keeps its own data there"],
      ["/var/lib/containerd", "containerd itself"],
      ["/var/lib/kong-ipv6", "scripts/apply.sh keeps its own data there"],
      ["/var/lib/kong-ipv6/data", "scripts/apply.sh"],
      ["/opt/kong-ipv6", "the repository itself is copied there"],
      ["/opt/kong-ipv6.replaced", "the copying of the repository"],
      ["/opt/kong-ipv6.replaced/data", "the copying of the repository"],
      [`/${long(200)}`, "letters, digits"],
      ["~/data", "letters, digits"],
      ["C:\\data", "letters, digits"],
      ["/srv/a:b", "letters, digits"],
    ],
  },
};

describe.each(Object.entries(NAMES))("%s", (_, name) => {
  test.each(name.kept.map((text) => [text, text] as const))(
    "takes %j as it is",
    (text) => {
      expect(name.read(text)).toBe(text);
      // What is taken is in normal form already.
      expect(name.read(name.read(text))).toBe(text);
    },
  );

  test.each(name.changed ?? [])("takes %j as %j", (text, normal) => {
    expect(name.read(text)).toBe(normal);
    expect(name.read(normal)).toBe(normal);
  });

  test.each(name.refused)("refuses %j: %s", (text, words) => {
    expect(refusalOf(() => name.read(text))).toContain(words);
  });

  test("refuses whatever means something elsewhere, at the start, inside and at the end", () => {
    const [start = "", end = ""] =
      name.read === parseDomain ? ["a", "b.example"] : ["a", "b"];
    for (const character of HOSTILE) {
      // Commas, equal signs and the like are nobody's either.
      for (const text of [
        character,
        start + character + end,
        character + start + end,
        start + end + character,
      ])
        if (text !== "a=b" || name.read !== parsePlugin)
          refusalOf(() => name.read(text));
    }
  });
});

test("no ssh login, in capitals too, is no host of that name", () => {
  expect(parseSsh("NONE")).toBe("none");
});

test("no sentence about .. ends in three dots", () => {
  expect(refusalOf(() => parseDataDir(".."))).not.toContain("...");
});

test.each([
  ["kong:3.4.2-alpine", "apt-get"],
  ["kong:alpine", "apt-get"],
  ["example.com:5000/kong:3.9.3-alpine", "apt-get"],
  ["kong:2.3", "older than Kong 3.6"],
  ["kong:2", "older than Kong 3.6"],
  ["docker.io/library/kong:3.5.0", "older than Kong 3.6"],
  [`kong:3.4.2@sha256:${"0".repeat(64)}`, "older than Kong 3.6"],
])(
  "an image that doesn't fit the Dockerfile is doubted: %s",
  (image, words) => {
    expect(imageDoubt(image)).toContain(words);
  },
);

test.each([
  "kong",
  "kong:3",
  "kong:3.6",
  "kong:3.9.3-ubuntu",
  "kong:3.10.0",
  "kong:latest",
  "team/kong:2.3",
  "localhost:5000/kong",
  "alpine-kong:3.9.3",
  `kong@sha256:${"0".repeat(64)}`,
])(
  "an image of which nothing can be read against it isn't doubted: %s",
  (image) => {
    expect(imageDoubt(image)).toBe(undefined);
  },
);

test("a prefix of /64 or a directory of the system is refused in every spelling of its parts", () => {
  for (const part of ["bin", "boot", "dev", "lib64", "proc", "sbin", "sys"])
    refusalOf(() => parseDataDir(`/${part}/x`));
  for (const path of ["/opt", "/srv", "/root", "/mnt", "/media"]) {
    refusalOf(() => parseDataDir(path));
    expect(parseDataDir(`${path}/kong`)).toBe(`${path}/kong`);
  }
});

// parse-paths.ts may not import render/, so it has its own list of the names.
test("data can't use a name at the top of a generated repository", () => {
  const names = new Set(
    GENERATED_FILES.map(({ path }) => path.split("/")[0] as string),
  );
  expect(names.size).toBeGreaterThan(5);
  for (const name of names)
    expect
      .soft(
        refusalOf(() => parseDataDir(`./${name}`)),
        name,
      )
      .toContain("the repository itself uses this name");
});
