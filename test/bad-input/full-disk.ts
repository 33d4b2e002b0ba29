import type { World } from "./world.ts";
export function describeFullDisk(_given: () => { readonly world: World; readonly recorded: string }): void {}
