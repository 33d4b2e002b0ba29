import { failureTypeOf } from "../../schemas/failures.ts";
import type { Cli } from "../support/cli.ts";
import { checks, type Finding } from "../support/checks.ts";
import { plain } from "../support/style.ts";

/** Checks everything Relearn needs. @returns 0 when all is well, 5 when Temporal or S3 cannot be reached, else 1 */
export async function doctor(cli: Cli): Promise<number> {
  const settings = await cli.settings();
  const findings: Finding[] = [];
  let unreachable = false;
  for (const { name, look } of checks) {
    const finding = await look(settings).then((found): Finding => ({ check: name, ok: true, found }), (error: unknown): Finding => {
      unreachable ||= ["TemporalUnavailable", "StoreUnavailable", "StoreRefused"].includes(failureTypeOf(error) ?? "");
      return { check: name, ok: false, found: (error as Error).message };
    });
    findings.push(finding);
    cli.say(`${finding.ok ? cli.style.green("ok ") : cli.style.red("NO ")} ${name.padEnd(18)} ${plain(finding.found)}`);
  }
  const wrong = findings.filter((finding) => !finding.ok).length;
  cli.give(findings, wrong === 0 ? "all is well" : `${wrong} of ${findings.length} need something`);
  return wrong === 0 ? 0 : unreachable ? 5 : 1;
}
