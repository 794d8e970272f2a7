/** An IP address as bits. */
export interface Address {
  /** 32 or 128. */
  width: number;
  bits: bigint;
}

/** An IPv4 or IPv6 address, or undefined when the text is neither. */
export function readAddress(text: string): Address | undefined {
  if (text.includes(':')) return readIpv6(text);
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255))
    return undefined;
  return { width: 32, bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) };
}

function readIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.flat().some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return { width: 128, bits: all.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n) };
}

/** Whether an address lies in a network such as `10.0.0.0/8`; false for text that is no network. */
export function isInNetwork(cidr: string, address: Address): boolean {
  const [base = '', length = ''] = cidr.split('/');
  const network = readAddress(base);
  if (network === undefined || network.width !== address.width || !/^\d{1,3}$/.test(length)) return false;
  const rest = network.width - Number(length);
  if (rest < 0) return false;
  return network.bits >> BigInt(rest) === address.bits >> BigInt(rest);
}
