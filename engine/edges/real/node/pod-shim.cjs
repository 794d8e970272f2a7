'use strict';
/**
 * Loaded into every Node.js process of a pod (NODE_OPTIONS=--require). Pods share the machine's network, so a server
 * that listens on all addresses must listen on the pod's own one (POD_IP), and cluster names resolve from a file in
 * the format of /etc/hosts (PERN_HOSTS), which is read again when it changes.
 */
const net = require('node:net');
const dns = require('node:dns');
const fs = require('node:fs');

const podIp = process.env.POD_IP;
const hostsFile = process.env.PERN_HOSTS;
const WILDCARDS = new Set([undefined, null, '', '0.0.0.0', '::', '[::]']);

if (podIp) {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function listenOnPodAddress(...args) {
    const [first, second] = args;
    if (first === undefined || first === null || typeof first === 'function') {
      return listen.call(this, { host: podIp, port: 0 }, ...args.filter((arg) => typeof arg === 'function'));
    }
    if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
      const host = typeof second === 'string' ? second : undefined;
      if (!WILDCARDS.has(host)) return listen.apply(this, args);
      const backlog = args.slice(1).find((arg) => typeof arg === 'number');
      const callback = args.filter((arg) => typeof arg === 'function');
      return listen.call(
        this,
        { port: Number(first), host: podIp, ...(backlog === undefined ? {} : { backlog }) },
        ...callback,
      );
    }
    if (typeof first === 'object' && 'port' in first && WILDCARDS.has(first.host)) {
      return listen.call(this, { ...first, host: podIp }, ...args.slice(1));
    }
    return listen.apply(this, args);
  };
}

if (hostsFile) {
  let names = new Map();
  let readAt = '';
  const refresh = () => {
    let version = '';
    try {
      const facts = fs.statSync(hostsFile);
      version = `${facts.mtimeMs} ${facts.size} ${facts.ino}`;
      if (version === readAt) return;
      const next = new Map();
      for (const line of fs.readFileSync(hostsFile, 'utf8').split('\n')) {
        const [address, ...hosts] = line.replace(/#.*/, '').trim().split(/\s+/);
        for (const host of hosts) next.set(host.toLowerCase(), [...(next.get(host.toLowerCase()) ?? []), address]);
      }
      names = next;
    } catch {
      names = new Map();
    }
    readAt = version;
  };
  const addressesOf = (host, family) => {
    refresh();
    const found = names.get(String(host).toLowerCase().replace(/\.$/, ''));
    return found
      ?.map((address) => ({ address, family: net.isIP(address) }))
      .filter((entry) => !family || entry.family === family);
  };
  const familyOf = (options) => {
    const family = typeof options === 'number' ? options : options?.family;
    return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
  };
  const lookup = dns.lookup;
  dns.lookup = function lookupInCluster(host, ...rest) {
    const callback = rest.at(-1);
    const options = rest.length > 1 ? rest[0] : {};
    const found = typeof callback === 'function' ? addressesOf(host, familyOf(options)) : undefined;
    if (found === undefined || found.length === 0) return lookup.call(dns, host, ...rest);
    if (options?.all) process.nextTick(callback, null, found);
    else process.nextTick(callback, null, found[0].address, found[0].family);
    return {};
  };
  const promisedLookup = dns.promises.lookup;
  dns.promises.lookup = async function lookupInCluster(host, options) {
    const found = addressesOf(host, familyOf(options));
    if (found === undefined || found.length === 0) return promisedLookup.call(dns.promises, host, options);
    return options?.all ? found : found[0];
  };
}
