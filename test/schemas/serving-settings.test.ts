import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { loadServingSettings, urlOf } from "../../schemas/serving-settings.ts";
import { publicKeyOf } from "../../stores/signing.ts";

test("a server serves every model, on this machine only, unless it is told otherwise", () => {
  expect(loadServingSettings({})).toEqual({ models: null, host: "127.0.0.1", port: 8080, trustKeys: [], cacheBytes: 4_096 * 2 ** 20 });
  const key = publicKeyOf(generateKeyPairSync("ed25519").publicKey);
  expect(loadServingSettings({ RELEARN_SERVE_MODELS: "flights, rides,flights", RELEARN_SERVE_HOST: "0.0.0.0", RELEARN_SERVE_PORT: "0", RELEARN_TRUST_KEYS: key, RELEARN_SERVE_CACHE_MB: "10" }))
    .toEqual({ models: ["flights", "rides"], host: "0.0.0.0", port: 0, trustKeys: [key], cacheBytes: 10 * 2 ** 20 });
});

test("what cannot be meant is refused, all at once and by name", () => {
  const rsa = publicKeyOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey);
  expect(() => loadServingSettings({ RELEARN_SERVE_MODELS: "flights,../x", RELEARN_SERVE_HOST: "a b", RELEARN_SERVE_PORT: "70000", RELEARN_TRUST_KEYS: `${rsa},nonsense` }))
    .toThrow(/RELEARN_SERVE_MODELS: .*"\.\.\/x"\n.*RELEARN_SERVE_HOST: .*\n.*RELEARN_TRUST_KEYS: .*\n.*RELEARN_TRUST_KEYS: .*"nonsense"\n.*RELEARN_SERVE_PORT: must be at most 65535/);
});

test("a server that listens everywhere is asked on this machine", () => {
  expect([urlOf("0.0.0.0", 1), urlOf("::", 1), urlOf("10.0.0.7", 1), urlOf("::1", 1)]).toEqual(["http://127.0.0.1:1", "http://[::1]:1", "http://10.0.0.7:1", "http://[::1]:1"]);
});
