import pino from "pino";
import { loadServerSettings, openServer } from "../../serving/open-server.ts";
import type { Cli } from "../support/cli.ts";
import { interruptible } from "../support/interrupt.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly models?: string;
}

/** Serves what is promoted until it is interrupted; then it answers what it was asked and ends. Needs S3, no Temporal. */
export async function serve(cli: Cli, { host, port, models }: ServeOptions): Promise<void> {
  const settings = await cli.settings();
  const wanted = loadServerSettings({ ...cli.env, ...(host === undefined ? {} : { RELEARN_SERVE_HOST: host }), ...(port === undefined ? {} : { RELEARN_SERVE_PORT: port }), ...(models === undefined ? {} : { RELEARN_SERVE_MODELS: models }) });
  await interruptible(cli, async (signal) => {
    const server = await openServer(settings, wanted, pino({ name: "relearn-server" }, cli.surroundings.stderr));
    cli.give({ url: server.url }, `serving at ${server.url}`);
    cli.say(cli.style.dim("Ctrl-C ends it after its last reply"));
    const alive = setInterval(() => undefined, 60_000);
    await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
    clearInterval(alive);
    await server.close();
  });
}
