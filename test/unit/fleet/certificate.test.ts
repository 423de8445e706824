import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { newPair } from "../../../src/fleet/certificate.ts";

test("the certificate is that of kong hybrid gen_cert: secp384r1, kong_clustering, three years", () => {
  const now = new Date("2026-11-29T12:34:56Z");
  const { certificate, key } = newPair(now);
  const read = new X509Certificate(certificate);
  const { publicKey } = read;
  expect(publicKey.asymmetricKeyType).toBe("ec");
  expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "secp384r1" });
  expect([read.subject, read.issuer]).toEqual([
    "CN=kong_clustering",
    "CN=kong_clustering",
  ]);
  expect(new Date(read.validFrom)).toEqual(now);
  expect(new Date(read.validTo)).toEqual(new Date("2029-11-29T12:34:56Z"));
  expect(read.ca).toBe(false);
  expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  expect(read.verify(publicKey)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
});

test("each pair is another one", () => {
  const [one, other] = [newPair(), newPair()];
  expect(one.key).not.toBe(other.key);
  const serials = [one, other].map(
    ({ certificate }) => new X509Certificate(certificate).serialNumber,
  );
  expect(new Set(serials).size).toBe(2);
});
