#!/usr/bin/env node
import module from "node:module";

// Before anything else is loaded: an older Node may not even read it.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Relearn needs Node 20.19 or newer, and this is ${process.versions.node} (${process.execPath}): install a newer one and run this again.`);
  process.exit(1);
}

// Compiled code is kept between runs where Node can do that (22.1 and later): most of a short command's time is parsing.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

// A reader that has seen enough (`relearn runs | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`error: the output could not be written: ${error.message}\n`);
  process.exit(1);
});

const { runCli } = await import("./program.ts");
process.exitCode = await runCli(process.argv.slice(2), process);
