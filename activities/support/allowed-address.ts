import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { RelearnError } from "../../schemas/failures.ts";

/** Never meant by an address that people write: link-local (where clouds keep their metadata), unspecified, multicast, and metadata elsewhere. */
const refused = new BlockList();
for (const [net, prefix] of [["169.254.0.0", 16], ["0.0.0.0", 8], ["224.0.0.0", 3], ["100.100.100.200", 32], ["168.63.129.16", 32], ["192.0.0.192", 32]] as const) {
  refused.addSubnet(net, prefix, "ipv4");
  // The same behind an address translator (RFC 6052).
  refused.addSubnet(`64:ff9b::${net}`, 96 + prefix, "ipv6");
}
for (const [net, prefix] of [["fe80::", 10], ["::", 128], ["ff00::", 8], ["fd00:ec2::254", 128], ["fd20:ce::254", 128]] as const) refused.addSubnet(net, prefix, "ipv6");

/** @param allow addresses that are meant all the same. */
export function isAllowed(address: string, allow: readonly string[]): boolean {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const meant = new BlockList();
  for (const one of allow) meant.addAddress(one, isIP(one) === 6 ? "ipv6" : "ipv4");
  return meant.check(address, family) || !refused.check(address, family);
}

/** @throws RelearnError `InvalidInput` for an address that stands for itself and is refused; Node looks none of these up. */
export function checkLiteral(hostname: string, allow: readonly string[]): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && !isAllowed(address, allow)) throw refusal(address);
}

/** Resolves a name, and refuses the address that is then connected to, so that no second answer of the name can differ. */
export function allowedLookup(allow: readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const bad = found.find(({ address }) => !isAllowed(address, allow));
      if (bad !== undefined) return callback(refusal(bad.address), []);
      if (options.all === true) return callback(null, found);
      return callback(null, found[0]!.address, found[0]!.family);
    });
  };
}

const refusal = (address: string): RelearnError => new RelearnError("InvalidInput", `the address ${address} is link-local, or a cloud's metadata: list it in \`allow\` if it is meant`);
