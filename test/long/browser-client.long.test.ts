import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { loadHttpSettings } from "../../schemas/http-settings.ts";
import { contractOf } from "../serving/fake-models.ts";
import { openServer, type OpenServer } from "../serving/open-server.ts";
import { type Browser, openBrowser, type Page } from "./browser/open-browser.ts";

// Here and not in `npm test`: the browser is 82 MB to fetch and takes 4 to 16 s to start on two cores.
const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs", "client.md"), "utf8");
const html = /```html\n([^]*?)```/.exec(text)![1]!;
const token = "a-token-of-the-test";
let browser: Browser;
let site: Server;
let open: OpenServer;
let locked: OpenServer;

beforeAll(async () => {
  site = createServer((request, response) => {
    const file = /^\/relearn-client\/([a-z-]+\.js)$/.exec(request.url!)?.[1];
    response.setHeader("Content-Type", file === undefined ? "text/html" : "text/javascript");
    response.end(file === undefined ? html.replaceAll("http://127.0.0.1:8080", open.url) : readFileSync(join(root, "dist", "client", file)));
  });
  await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
  const { origins } = loadHttpSettings({ RELEARN_SERVE_ORIGINS: origin("127.0.0.1") });
  const columns = { carrier: { type: "category" }, hour: { type: "integer" }, distance: { type: "number" }, precip: { type: "number", nullable: true } } as const;
  open = await openServer({ origins }, {}, [], contractOf(columns));
  locked = await openServer({ origins, tokens: { holderOf: (given) => (given === token ? { name: "page", scopes: ["predict"] } : null) } }, {}, [], contractOf({ x: { type: "number" } }));
  browser = await openBrowser();
}, 400_000);
afterAll(async () => {
  await browser.close();
  await Promise.all([open.close(), locked.close()]);
  site.close();
});

const origin = (host: string): string => `http://${host}:${(site.address() as AddressInfo).port}`;
const at = async (host = "127.0.0.1"): Promise<Page> => {
  const page = await browser.newPage();
  await page.goto(origin(host));
  return page;
};
/** What a page elsewhere gets of a server: an answer, or the client's error. */
const asked = (page: Page, url: string, call: string, options = {}) =>
  page.evaluate(`(async () => {
    const { connect, ClientError } = await import("/relearn-client/index.js");
    try {
      return { answer: await connect(${JSON.stringify(url)}, ${JSON.stringify(options)}).${call} };
    } catch (error) {
      return { refused: error instanceof ClientError, status: error.status, message: error.message };
    }
  })()`);

describe("the compiled client in Chromium, on a page of another origin", () => {
  it("predicts rows and tensors as the documentation says", async () => {
    const page = await at();
    await page.waitForFunction('document.getElementById("answer").textContent !== "..."');
    expect(await page.textContent("#answer")).toBe("1 0.25,0.75 by version 3");
    console.log(`Chromium ${browser.version()}`);
  });

  it("reads the server's words, and comes back when it is asked to", async () => {
    const page = await at();
    expect(await asked(page, open.url, 'model("flights").predict([{ hour: "five" }])')).toEqual({ refused: true, status: 400, message: 'input "carrier" is missing in row 0' });
    open.model.fails = () => {
      open.model.fails = null;
      return Promise.reject(new RelearnError("Overloaded", "too many rows wait"));
    };
    expect(await asked(page, open.url, 'model("flights").predict([{ carrier: "UA", hour: 1, distance: 2, precip: null }])')).toMatchObject({ answer: { version: 3, variant: "champion" } });
  });

  it("sends its token", async () => {
    const page = await at();
    const call = 'model("flights").predict([{ x: 1 }])';
    expect(await asked(page, locked.url, call, { token })).toMatchObject({ answer: { version: 3 } });
    expect(await asked(page, locked.url, call, { token: "another" })).toMatchObject({ refused: true, status: 401 });
  });

  it("is not let in from an origin that is not listed", async () => {
    expect(await asked(await at("localhost"), open.url, 'model("flights").predict([{ x: 1 }])')).toMatchObject({ refused: true, status: null, message: expect.stringContaining("does not answer") });
  });
});
