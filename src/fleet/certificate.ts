import { crypto } from "../base/builtin.ts";

// What `kong hybrid gen_cert` makes (Kong 3.9, kong/cmd/hybrid.lua): one self-signed certificate for
// all nodes of a cluster. Node can make its keys and sign, but has no function for a certificate.

/** The name that Kong's data planes ask for, whatever the host is called. */
const COMMON_NAME = "kong_clustering";

const VALID_YEARS = 3;

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** A new pair: secp384r1, self-signed with SHA-256, valid for three years. */
export function newPair(now = new Date()): Pair {
  const { createHash, generateKeyPairSync, randomBytes, sign } = crypto();
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "secp384r1",
  });
  const spki = publicKey.export({ type: "spki", format: "der" });
  // RFC 5280, 4.2.1.2: SHA-1 of the key's bits, an uncompressed point of 97 bytes.
  const id = createHash("sha1").update(spki.subarray(-97)).digest();
  // RFC 5280, 4.1.2.2: positive, so the first bit is clear.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  const until = new Date(now);
  until.setUTCFullYear(now.getUTCFullYear() + VALID_YEARS);
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_SHA256,
    NAME,
    sequence(time(now), time(until)),
    NAME,
    spki,
    tagged(0xa3, sequence(...extensions(id))),
  );
  const signature = sign("sha256", body, privateKey);
  const der = sequence(
    body,
    ECDSA_SHA256,
    tagged(0x03, Buffer.of(0), signature),
  );
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  return { certificate: pem(der), key: key.toString() };
}

/** Not an authority; for TLS, at both ends (RFC 5280, 4.2.1). */
const extensions = (id: Buffer): Buffer[] => [
  extension("2.5.29.19", sequence(), true),
  extension(
    "2.5.29.37",
    sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2")),
  ),
  extension("2.5.29.14", tagged(0x04, id)),
  extension("2.5.29.35", sequence(tagged(0x80, id))),
];

const extension = (name: string, value: Buffer, critical = false): Buffer =>
  sequence(
    oid(name),
    ...(critical ? [tagged(0x01, Buffer.of(0xff))] : []),
    tagged(0x04, value),
  );

/** DER (X.690, 8.1 and 10.1): tag, length, content. */
function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer =>
  tagged(0x30, ...parts);

const integer = (value: Uint8Array): Buffer => tagged(0x02, value);

/** X.690, 8.19: the first two numbers share a byte; the others have seven bits in each byte. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7)
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tagged(0x06, Buffer.from(bytes));
}

/** RFC 5280, 4.1.2.5.1: UTCTime, for years before 2050. */
const time = (date: Date): Buffer =>
  tagged(
    0x17,
    Buffer.from(`${date.toISOString().replace(/\D/g, "").slice(2, 14)}Z`),
  );

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

const NAME = sequence(
  tagged(
    0x31,
    sequence(oid("2.5.4.3"), tagged(0x0c, Buffer.from(COMMON_NAME))),
  ),
);

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
