import { RelearnError } from "../../schemas/failures.ts";
import type { Answer } from "./ask-flights.ts";

const atOnce = 5_000;
/** A label is known half a day after its flight, as the definition says. */
const laterMs = 12 * 3_600_000;

/** Tells the server what came of the flights it was asked for. @returns how many labels it took */
export async function sendLabels(url: string, answers: readonly Answer[]): Promise<number> {
  let accepted = 0;
  for (let from = 0; from < answers.length; from += atOnce) {
    const items = answers.slice(from, from + atOnce).map(({ id, flight: { late, at } }) => ({ prediction_id: id, label: late, at: new Date(Date.parse(at) + laterMs).toISOString() }));
    const reply = await fetch(`${url}/v1/feedback`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ items }) });
    if (!reply.ok) throw new RelearnError("InvalidInput", `the labels were refused: ${reply.status} ${(await reply.text()).slice(0, 200)}`);
    accepted += ((await reply.json()) as { readonly accepted: number }).accepted;
  }
  return accepted;
}
