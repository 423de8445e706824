// The DNS records and the files of a gateway, from code: node records.mjs
import { plan, render, resolve, UnusableError } from "create-kong-ipv6";

// Answers as in an answers file; what is left out has its default.
const { answers, warnings } = resolve({
  prefix: "2001:DB8:1:2::/64",
  internalPrefix: "fd4c:8a1e:92b7::/64",
  domain: "gateway.example.com",
});
for (const { flag, value, reason } of warnings)
  console.log(`warning: ${flag} ${value}: ${reason}`);

const { domain, host, kong } = plan(answers);
console.log(`${domain}. AAAA ${kong.address}`);
console.log(`${kong.reverse} PTR ${domain}.`);
console.log(`server ${host.interface}`);

// Path to text and permission bits. Nothing is written; the password in .env is a placeholder.
const files = render(plan(answers));
for (const [path, { mode, text }] of files)
  if (path.startsWith("host/"))
    console.log(`${mode.toString(8)} ${path}, ${text.length} characters`);

// Whatever is wrong is said at once, with what would do instead.
try {
  plan({ ...answers, kong: "fe80::1", delivery: "bridged" });
} catch (error) {
  if (!(error instanceof UnusableError)) throw error;
  for (const { flag, value, reason, remedy } of error.issues)
    console.log(`${flag} ${value}: ${reason}. ${remedy}.`);
}
