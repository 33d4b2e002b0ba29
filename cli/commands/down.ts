import { stopStack } from "../../infra/local-stack.ts";
import type { Cli } from "../support/cli.ts";

/** Stops what `relearn up` started in this home, and nothing else. Its state stays. */
export async function down(cli: Cli): Promise<void> {
  const { home } = await cli.settings();
  const stopped = await stopStack({ home }, { onProgress: (line) => cli.say(cli.style.dim(line)) });
  cli.give({ stopped }, stopped.length === 0 ? "nothing of Relearn's was running here" : `stopped ${stopped.join(", ")}; the state stays in ${home}`);
}
