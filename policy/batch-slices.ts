/** Most files, and about the most bytes, that one step of a batch takes: what is lost of it when a worker dies is at most the file it was in. */
const mostFiles = 20;
const enoughBytes = 512 * 2 ** 20;
/** Steps in one execution, about six events each: far below what Temporal allows one. */
export const slicesARun = 100;

/** How many files each step of a batch takes: as many as are worth a process of their own, and not more than leave every lane its share. */
export function sliceSize({ files, bytes, parallel }: { readonly files: number; readonly bytes: number; readonly parallel: number }): number {
  const share = Math.ceil(files / Math.max(1, parallel));
  const byBytes = bytes === 0 ? mostFiles : Math.floor((enoughBytes * files) / bytes);
  return Math.max(1, Math.min(mostFiles, share, byBytes));
}

/** Most slices that one worker scores at a time: its slots for work on data. */
const slots = 2;

/** Cores for each slice of a batch where all that run at a time may share a machine: none is left idle, and none is promised twice. */
export function threadsEach({ files, bytes, parallel, cores }: { readonly files: number; readonly bytes: number; readonly parallel: number; readonly cores: number }): number {
  const beside = Math.min(slots, parallel, Math.ceil(files / sliceSize({ files, bytes, parallel })));
  return Math.max(1, Math.floor(cores / beside));
}
