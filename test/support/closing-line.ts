import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends a run with `N passed, N failed`, after everything else that is printed, and names each skipped test with its reason, and each that failed. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === "passed").length;
    const broken = modules.reduce((sum, module) => sum + module.errors().length, 0) + unhandled.length;
    const failed = tests.filter((test) => test.result().state === "failed").length + broken;
    tests.filter((test) => test.result().state === "skipped").forEach(printSkipped);
    tests.filter((test) => test.result().state === "failed").forEach((test) => console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}`));
    modules.filter((module) => module.errors().length > 0).forEach((module) => console.log(`failed: ${module.relativeModuleId} as a whole`));
    process.once("exit", () => console.log(`${passed} passed, ${failed} failed`));
  }
}

function printSkipped(test: TestCase): void {
  const result = test.result();
  const reason = result.state === "skipped" && result.note ? result.note : "no reason given";
  console.log(`skipped: ${test.fullName} (${reason})`);
}
