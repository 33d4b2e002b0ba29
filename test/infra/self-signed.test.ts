import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { selfSigned } from "../../infra/self-signed.ts";

test("a certificate vouches for itself, for 127.0.0.1, without an end, and no two have the same key", () => {
  const [one, other] = [selfSigned("relearn"), selfSigned("relearn")];
  const [certificate, key] = [new X509Certificate(one.certificate), createPrivateKey(one.key)];
  expect([certificate.ca, certificate.subject, certificate.issuer, certificate.subjectAltName]).toEqual([true, "CN=relearn", "CN=relearn", "IP Address:127.0.0.1"]);
  expect([certificate.verify(certificate.publicKey), certificate.checkPrivateKey(key), certificate.checkIP("127.0.0.1")]).toEqual([true, true, "127.0.0.1"]);
  expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
  expect(new Date(certificate.validTo).getUTCFullYear()).toBe(9999);
  expect(new X509Certificate(other.certificate).checkPrivateKey(key)).toBe(false);
});
