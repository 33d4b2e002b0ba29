import { failureTypeOf, failureTypes } from "../../schemas/failures.ts";
import type { Cli } from "../support/cli.ts";
import { checks, type Finding } from "../support/checks.ts";
import { plain } from "../support/style.ts";

/** Checks everything Relearn needs. @returns 0 when all is well, 5 when Temporal or S3 cannot be reached, else 1 */
export async function doctor(cli: Cli): Promise<number> {
  const settings = await cli.settings();
  const looks = checks.map(async ({ name, look }): Promise<Finding & { readonly unreachable: boolean }> => {
    try {
      return { check: name, ok: true, found: await look(settings, cli.env), unreachable: false };
    } catch (error) {
      return { check: name, ok: false, found: (error as Error).message, unreachable: failureTypes[failureTypeOf(error) ?? "SetupIncomplete"].exitCode === 5 };
    }
  });
  const findings: Finding[] = [];
  let unreachable = false;
  for (const looking of looks) {
    const { unreachable: cannot, ...finding } = await looking;
    unreachable ||= cannot;
    findings.push(finding);
    cli.say(`${finding.ok ? cli.style.green("ok ") : cli.style.red("NO ")} ${finding.check.padEnd(18)} ${plain(finding.found)}`);
  }
  const wrong = findings.filter((finding) => !finding.ok).length;
  cli.give(findings, wrong === 0 ? "all is well" : `${wrong} of ${findings.length} need something`);
  return wrong === 0 ? 0 : unreachable ? 5 : 1;
}
