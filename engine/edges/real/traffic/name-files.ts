import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NameTable } from '#machine/traffic.ts';

const DOMAIN = '.svc.cluster.local';

/** The hosts file of one namespace: every service by its full names, those of the namespace by their short name too. */
export function formatHosts(table: NameTable, namespace: string): string {
  const lines = ['127.0.0.1 localhost'];
  for (const name of Object.keys(table.names).sort()) {
    if (!name.endsWith(DOMAIN)) continue;
    const qualified = name.slice(0, -DOMAIN.length);
    const names = [name, `${qualified}.svc`, qualified];
    if (qualified.endsWith(`.${namespace}`)) names.push(qualified.slice(0, -namespace.length - 1));
    for (const ip of table.names[name] ?? []) lines.push(`${ip} ${names.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Cluster DNS as hosts files, one a namespace, which pods see as /etc/hosts. */
export class NameFiles {
  readonly #folder: string;
  readonly #written = new Map<string, string>();
  #table: NameTable = { names: {} };

  /** @param folder Where the files go: `<folder>/<namespace>.hosts`. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }

  setTable(table: NameTable): void {
    this.#table = table;
    const namespaces = Object.keys(table.names).map(
      (name) => name.slice(0, -DOMAIN.length).split('.').at(-1) as string,
    );
    for (const namespace of new Set([...namespaces, ...this.#written.keys()])) this.fileOf(namespace);
  }

  /** The addresses of a cluster name: `svc.ns`, `svc.ns.svc`, or the full name. Undefined for any other name. */
  addressesOf(host: string): readonly string[] | undefined {
    const name = host.toLowerCase().replace(/\.$/, '');
    return [name, `${name}${DOMAIN}`, `${name}.cluster.local`]
      .map((candidate) => this.#table.names[candidate])
      .find((addresses) => addresses !== undefined);
  }

  /** The path of a namespace's file, written if it is not there yet. */
  fileOf(namespace: string): string {
    const file = join(this.#folder, `${namespace}.hosts`);
    const text = formatHosts(this.#table, namespace);
    if (this.#written.get(namespace) !== text) {
      overwrite(file, text);
      this.#written.set(namespace, text);
    }
    return file;
  }
}

/** In place, not by rename: a bind mount shows one inode, and would keep showing the old one. */
function overwrite(file: string, text: string): void {
  const descriptor = openSync(file, 'a+', 0o644);
  closeSync(descriptor);
  const writer = openSync(file, 'r+');
  const bytes = writeSync(writer, text, 0);
  ftruncateSync(writer, bytes);
  closeSync(writer);
}
