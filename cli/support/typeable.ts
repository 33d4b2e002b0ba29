import { dirname, join, relative } from "node:path";
import { foldersOf, isExecutable } from "../../infra/programs.ts";
import { installationRoot } from "../../schemas/installation-root.ts";
import { shellQuote } from "../../schemas/temporal-line.ts";

/** What one types here for Relearn's own command and for Temporal's. */
export interface CommandWords {
  readonly relearn: string;
  readonly temporal: string;
}

/** `npm` puts these before the PATH of what it starts, and only there. */
const isNpms = (folder: string): boolean => /[\\/](node_modules[\\/]\.bin|node-gyp-bin)$/.test(folder);

/** @param path the person's PATH. @param root Relearn's own folder */
export function commandWords(path: string, cwd = process.cwd(), root = installationRoot()): CommandWords {
  const folders = foldersOf(path).filter((folder) => !isNpms(folder));
  const isOnPath = (name: string): boolean => folders.some((folder) => isExecutable(join(folder, name)));
  const own = join(root, ".venv", "bin", "temporal");
  return {
    relearn: !isOnPath("relearn") && isBelowBin(cwd) ? "npx relearn" : "relearn",
    temporal: !isOnPath("temporal") && isExecutable(own) ? shellQuote(seenFrom(cwd, own)) : "temporal",
  };
}

/** Where `npx relearn` finds it: in the checkout, and in a project that has installed it. */
function isBelowBin(folder: string): boolean {
  return isExecutable(join(folder, "node_modules", ".bin", "relearn")) || (folder !== dirname(folder) && isBelowBin(dirname(folder)));
}

function seenFrom(cwd: string, program: string): string {
  const path = relative(cwd, program);
  return path.startsWith("..") ? program : path;
}

/** Where a command stands in our texts: at a line's start, in backticks, after a colon, a prompt or a column's gap, and after a colour code. */
const before = String.raw`(^ *|\`|: |\$ | {2}|\u001b\[\d+m)`;
const relearnCommands = "up|down|doctor|run|runs|watch|approve|reject|cancel|promote|rollback|rollout|serve|replay|score|models|show|history|verify|schedule|definition|version";
const commands = new RegExp(`${before}(relearn(?= (?:${relearnCommands})\\b)|temporal(?= (?:workflow|schedule|operator) ))`, "gm");

/**
 * A text for the person who sits here, with every command in it as it can be typed here. What is stored, and what programs read, keeps
 * `relearn` and `temporal`: its readers may sit elsewhere.
 */
export function typeable(text: string, words: CommandWords): string {
  return text.replace(commands, (_, lead: string, name: keyof CommandWords) => `${lead}${words[name]}`);
}
