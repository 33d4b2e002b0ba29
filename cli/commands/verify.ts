import { counted } from "../../policy/counted.ts";
import { listModels } from "../../stores/runs.ts";
import { trustedKeys } from "../../stores/trusted-keys.ts";
import { verifyModel, type Verified } from "../../stores/verify.ts";
import { readName } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { knownModel } from "../support/known-model.ts";
import { withStore } from "../support/store.ts";

/** Reads whole logs and every object they vouch for. @returns 0 when all fits, else 1 */
export async function verify(cli: Cli, given: string | undefined, options: { readonly trust?: readonly string[] }): Promise<number> {
  const name = given === undefined ? null : readName(given);
  const settings = await cli.settings();
  const trusted = await trustedKeys(settings.home, options.trust ?? []);
  return withStore(settings, async (store) => {
    const models = name === null ? await listModels(store) : [(await knownModel(store, name)).model];
    const verified: Verified[] = [];
    for (const model of models) {
      const result = await verifyModel(store, model, { trusted });
      verified.push(result);
      cli.say(linesOf(result, cli));
    }
    const wrong = verified.reduce((sum, { findings }) => sum + findings.length, 0);
    cli.give(verified, wrong > 0 ? counted(wrong, "finding") : models.length === 0 ? "no models yet" : "every digest, signature and link fits");
    return wrong === 0 ? 0 : 1;
  });
}

function linesOf({ model, entries, versions, objects, findings }: Verified, { style }: Cli): string {
  const head = `${findings.length === 0 ? style.green("ok") : style.red("NO")} ${model}: ${counted(entries, "entry", "entries")}, ${counted(versions, "version")}, ${counted(objects, "object")} read`;
  return [head, ...findings.map(({ key, problem }) => `   ${style.red(key)} ${problem}`)].join("\n");
}
