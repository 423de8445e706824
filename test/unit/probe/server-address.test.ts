import { expect, test } from "vitest";
import { hostKeyIn } from "../../../src/probe/server-address.ts";

test.each([
  ["port 22", "hostname gw.example.com\nport 22\n", "gw.example.com"],
  [
    "another port",
    "hostname gw.example.com\nport 2222\n",
    "[gw.example.com]:2222",
  ],
  [
    "IPv6, another port",
    "port 2222\nhostname 2001:db8::2\n",
    "[2001:db8::2]:2222",
  ],
  ["the owner's own alias", "hostname x\nport 2222\nhostkeyalias gw\n", "gw"],
  ["no answer of ssh -G", "", "2001:db8::9"],
])("the name of the host key: %s", (_, config, name) => {
  expect(hostKeyIn(config, "root@[2001:db8::9]")).toBe(name);
});
