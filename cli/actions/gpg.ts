import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { KEYRING_NAME } from '../../engine/stages/sync/app-project/source-integrity.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { type KeyFacts, readKeys } from '../gpg-keys.ts';
import { labelled, span, titledTable } from '../view/lines.ts';

const NAMESPACE = 'argocd';

export async function runGpgList({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const entries = await keyring(await session.api());
  const keys: (KeyFacts | { id: string; broken: true })[] = [];
  for (const [id, armoured] of entries) {
    const [key, ...more] = readKeys(armoured);
    const isOwn = key !== undefined && more.length === 0 && key.id === id.toUpperCase();
    keys.push(isOwn ? key : { id, broken: true });
  }
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(keys, undefined, 2)}\n`);
  else if (keys.length === 0) terminal.note('The keyring is empty: no signature can be verified.');
  else {
    const rows = keys.map((key) =>
      'broken' in key
        ? [key.id, '', span('broken', 'bad'), 'not the one public key of this id; it is left out']
        : [key.id, key.type, span(key.state, key.state === 'valid' ? 'ok' : 'bad'), key.owner],
    );
    terminal.lines(titledTable(['KEYID', 'TYPE', 'STATE', 'IDENTITY'], rows));
  }
  terminal.note('Next: pern gpg add --from FILE');
  return keys.some((key) => 'broken' in key) ? EXIT_CODES.finding : EXIT_CODES.ok;
}

export async function runGpgGet({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const [, armoured] = await findKey(await session.api(), words[0] ?? '');
  const [key] = readKeys(armoured);
  if (key === undefined) throw new CliError({ what: `the entry ${words[0]} holds no public key`, where: KEYRING_NAME });
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(key, undefined, 2)}\n`);
  else {
    terminal.lines(
      labelled([
        ['Key ID', key.id],
        ['Key fingerprint', key.fingerprint],
        ['Key subtype', key.type],
        ['Key owner', key.owner],
        ['Key state', span(key.state, key.state === 'valid' ? 'ok' : 'bad')],
      ]),
    );
    terminal.write(key.armoured);
  }
  return EXIT_CODES.ok;
}

export async function runGpgAdd({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const file = options.text('from');
  if (file === undefined) throw new CliError({ what: '--from is missing', fix: 'name a file with public keys' });
  const keys = readKeys(readText(file));
  if (keys.length === 0) {
    throw new CliError({
      what: `${file} holds no public key`,
      fix: 'write one with "gpg --armor --export MAIL > FILE"',
    });
  }
  const api = await session.api();
  const known = new Set((await keyring(api)).map(([id]) => id));
  const fresh = keys.filter(({ id }) => !known.has(id));
  if (fresh.length > 0) await writeKeys(api, Object.fromEntries(fresh.map(({ id, armoured }) => [id, armoured])));
  for (const { id, owner } of keys) terminal.line(`${known.has(id) ? 'Already there' : 'Added'}: ${id} (${owner})`);
  terminal.note(`A live change: to keep it, commit ConfigMap ${KEYRING_NAME} where git declares it.`);
  terminal.note('Next: list the key in spec.sourceIntegrity of an AppProject');
  return EXIT_CODES.ok;
}

export async function runGpgRm({ session, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const [id] = await findKey(api, words[0] ?? '');
  await writeKeys(api, { [id]: null });
  terminal.line(`Removed: ${id}`);
  terminal.note('Next: pern gpg list');
  return EXIT_CODES.ok;
}

async function keyring(api: Api): Promise<[id: string, armoured: string][]> {
  const configMap = await api.find('ConfigMap', NAMESPACE, KEYRING_NAME);
  return Object.entries((configMap?.data ?? {}) as Record<string, string>).sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
}

async function findKey(api: Api, given: string): Promise<[id: string, armoured: string]> {
  const wanted = given.replace(/^0x/, '').slice(-16).toUpperCase();
  const entry = (await keyring(api)).find(([id]) => id.toUpperCase() === wanted);
  if (entry !== undefined) return entry;
  throw new CliError({ what: `the keyring has no key ${given}`, fix: 'see "pern gpg list"' });
}

async function writeKeys(api: Api, data: Readonly<Record<string, string | null>>): Promise<void> {
  const target = { namespace: NAMESPACE, name: KEYRING_NAME };
  if ((await api.find('ConfigMap', NAMESPACE, KEYRING_NAME)) !== undefined) {
    await api.patch('ConfigMap', target, { data });
    return;
  }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: target, data };
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  await api.json({ method: 'POST', path, contentType: 'application/json', body: JSON.stringify(object) });
}

function readText(file: string): string {
  try {
    return readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new CliError({
      what: `cannot read ${file}`,
      why: (error as Error).message,
      fix: 'name a file that is there',
    });
  }
}
