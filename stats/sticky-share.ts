/**
 * A number in [0, 100) that is the same for the same two texts everywhere and spread evenly over callers: FNV-1a over their UTF-16 units,
 * finished with MurmurHash3's mixer (FNV-1a's high bits alone are poor for short texts). Who draws less than a share belongs to it, so raising the share moves nobody
 * back, and another salt draws anew. Sources: Fowler, Noll, Vo (RFC 9923); Appleby, MurmurHash3 fmix32.
 */
export function stickyPercent(salt: string, key: string): number {
  let hash = fnv(fnv(0x811c9dc5, salt), "\0");
  hash = fnv(hash, key);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}

function fnv(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
