import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate that vouches for itself alone, and its key, both as PEM. */
export interface SelfSigned { readonly certificate: string; readonly key: string }

/**
 * Makes an X.509 certificate (RFC 5280) for 127.0.0.1 and a key of P-256: whoever takes it as the only authority talks to nobody but those who hold the key.
 * By hand, in DER: Node reads certificates and makes none.
 * @param name common name of its subject
 */
export function selfSigned(name: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "der" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const subject = sequence(set(sequence(oid(commonName), der(0x0c, Buffer.from(name)))));
  const serial = der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)]));
  const signed = sequence(der(0xa0, der(0x02, Buffer.of(2))), serial, algorithm, subject, sequence(validFrom(), validTo), subject, publicKey, extensions);
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign("sha256", signed, createPrivateKey(privateKey))]));
  const lines = sequence(signed, algorithm, signature).toString("base64").match(/.{1,64}/g)!;
  return { certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`, key: privateKey };
}

/** Tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}

const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
const set = (...content: readonly Buffer[]): Buffer => der(0x31, ...content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** Object identifiers, as DER has them: 2.5.4.3, 1.2.840.10045.4.3.2 (ECDSA with SHA-256), 2.5.29.19, 2.5.29.17. */
const [commonName, ecdsaSha256, basicConstraints, subjectAltName] = ["550403", "2a8648ce3d040302", "551d13", "551d11"] as const;
const algorithm = sequence(oid(ecdsaSha256));
const isAuthority = sequence(oid(basicConstraints), der(0x01, Buffer.of(0xff)), der(0x04, sequence(der(0x01, Buffer.of(0xff)))));
const isLoopback = sequence(oid(subjectAltName), der(0x04, sequence(der(0x87, Buffer.of(127, 0, 0, 1)))));
const extensions = der(0xa3, sequence(isAuthority, isLoopback));

/** A day ago, for clocks that were set back since. */
const validFrom = (): Buffer => der(0x17, Buffer.from(`${new Date(Date.now() - 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2)}`));
/** RFC 5280's word for no end. */
const validTo = der(0x18, Buffer.from("99991231235959Z"));
