import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess, runToEnd } from '../testing/engine-process.ts';
import {
  createSmallRepository,
  runCommand,
  type SmallRepository,
  type SmallTree,
  smallTree,
} from '../testing/small-tree.ts';

/** A minute of the first of January. */
const CLOSED = { kind: 'allow', schedule: '0 0 1 1 *', duration: '1m', applications: ['*'] };
const OPEN = { kind: 'allow', schedule: '* * * * *', duration: '1h', applications: ['*'] };
const NAME = 'shop-production';
const KUSTOMIZATION = 'pern-gitops/apps/shop/overlays/production/kustomization.yaml';

const application = (engine: EngineProcess) => engine.world.find('Application.argoproj.io', 'argocd', NAME);

async function untilSynced(engine: EngineProcess, sha: string): Promise<void> {
  await engine.world.until(`production runs ${sha}`, () => {
    const { sync, operationState, health } = application(engine)?.status ?? {};
    const isAt = operationState?.syncResult?.revision === sha && operationState.phase === 'Succeeded';
    return isAt && sync?.status === 'Synced' && health?.status === 'Healthy';
  });
}

/** The overlay with another value of its one setting. */
const colored = (color: string) => ({ [KUSTOMIZATION]: smallTree({})[KUSTOMIZATION]?.replace('blue', color) ?? '' });

describe('on one machine', () => {
  let repository: SmallRepository;
  let engine: EngineProcess;
  let first: string;
  const roles = [
    { name: 'viewer', policies: [`p, proj:${NAME}:viewer, applications, get, ${NAME}/*, allow`] },
    {
      name: 'approver',
      policies: ['get', 'sync'].map((verb) => `p, proj:${NAME}:approver, applications, ${verb}, ${NAME}/*, allow`),
    },
  ];
  const pern = (...words: string[]) => runCommand(repository, words);
  const tokenOf = async (role: string) => (await pern('proj', 'role', 'create-token', NAME, role)).out.trim();

  beforeAll(async () => {
    repository = createSmallRepository();
    first = repository.commit(smallTree({ windows: [CLOSED], roles }), 'nobody signed this');
    engine = await EngineProcess.start(repository);
    await untilSynced(engine, first);
  });

  afterAll(async () => {
    await engine?.destroy();
    repository?.remove();
  });

  it('an unsigned commit outside of every window is installed, by a signed tag', async () => {
    expect(application(engine)?.spec.source?.targetRevision).toBe(`refs/tags/approved/${NAME}`);
    const home = join(repository.folder, 'state', 'gnupg');
    const verified = execFileSync('git', ['-C', repository.path, 'verify-tag', '--raw', `approved/${NAME}`], {
      env: { ...process.env, GNUPGHOME: home },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(verified).toBe('');
    const [record] = (await pern('audit', 'export')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { verb: string })
      .filter(({ verb }) => verb === 'approve');
    expect(record).toMatchObject({
      identity: 'admin',
      source: 'engine start',
      object: `Application.argoproj.io argocd/${NAME}`,
      commit: first,
      outcome: 'allowed',
      rule: expect.stringMatching(/^right: .*; signature: the commit is not signed; the approval vouches .*; window: /),
      message: expect.stringContaining('First installation'),
    });
  });

  it('nothing of the clone is changed but its tags', async () => {
    expect(repository.git('rev-parse', 'HEAD')).toBe(first);
    expect(repository.git('status', '--porcelain')).toBe('');
    expect(repository.git('config', '--local', '--list')).not.toMatch(/gpg|sign|user/i);
    expect(repository.git('for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/heads/main',
      `refs/tags/approved/${NAME}`,
    ]);
    expect(existsSync(join(repository.folder, 'state', 'gnupg', 'key.json'))).toBe(true);
  });

  it('pern status lists the overrides', async () => {
    const { out } = await pern('status');
    expect(out).toContain('4 local overrides of what git says (none with "pern up --strict"):');
    expect(out).toMatch(/- https:\/\/git\.example\.com\/shop\.git is read from /);
    expect(out).toMatch(/- AppProject shop-production also trusts this machine's key [0-9A-F]{16}/);
    expect(out).toContain('- AppProject shop-production: a sync by hand is permitted at any time (one window)');
    expect(out).toContain('follow the signed tag approved/NAME');
  });

  it('a commit is not deployed to production but waits, and everybody is told', async () => {
    const sha = repository.commit(colored('green'), 'green');
    await engine.world.until('it waits', () => {
      const root = engine.world.find('Application.argoproj.io', 'argocd', 'root');
      return root?.metadata.annotations?.['pern-gitops.dev/waits-for-approval'] === JSON.stringify({ [NAME]: sha });
    });
    const text = `waits for approval of ${sha.slice(0, 7)}: pern approve production`;
    expect((await pern('status')).out).toContain(text);
    expect((await pern('app', 'get', 'production')).out).toContain(text);
    expect(application(engine)?.status?.sync?.revision).toBe(first);
  });

  it('who may not sync is refused, with the rule, and nothing is signed', async () => {
    const before = repository.git('rev-parse', `refs/tags/approved/${NAME}`);
    const refused = await pern('approve', 'production', '--auth-token', await tokenOf('viewer'));
    expect(refused.code).toBe(4);
    expect(refused.out).toMatch(/✖ right +permission denied: applications, sync, shop-production\/shop-production/);
    expect(refused.out).toMatch(/✔ signature/);
    expect(refused.out).toMatch(/✔ window/);
    expect(repository.git('rev-parse', `refs/tags/approved/${NAME}`)).toBe(before);
    const { out } = await pern('audit', 'list', '--refused');
    expect(out).toContain(`proj:${NAME}:viewer`);
  });

  it('--dry-run decides and changes nothing', async () => {
    const dry = await pern('approve', 'production', '--dry-run');
    expect([dry.code, dry.out.match(/✔/g)?.length]).toEqual([0, 3]);
    expect(application(engine)?.status?.sync?.revision).toBe(first);
  });

  it('an approval syncs the commit in the name of who gave it, and is recorded', async () => {
    const sha = repository.git('rev-parse', 'HEAD');
    const approved = await pern(
      'approve',
      'production',
      '--reason',
      'CHG-1207',
      '--auth-token',
      await tokenOf('approver'),
    );
    expect(approved, approved.err).toMatchObject({ code: 0 });
    await untilSynced(engine, sha);
    const { operation } = application(engine)?.status?.operationState ?? {};
    expect(operation).toMatchObject({
      initiatedBy: { username: `proj:${NAME}:approver` },
      info: [
        { name: 'Approved by', value: `proj:${NAME}:approver` },
        { name: 'Reason', value: 'CHG-1207' },
      ],
      sync: { revision: sha, prune: true },
    });
    expect(repository.git('tag', '-l', '--format=%(contents)', `approved/${NAME}`)).toContain('Reason: CHG-1207');
    expect((await pern('status')).out).not.toContain('waits for approval');
    expect((await pern('audit', 'verify')).code).toBe(0);
  });

  it('an approval of an older commit takes production back', async () => {
    expect((await pern('approve', 'production', '--revision', 'HEAD~1')).code).toBe(0);
    await untilSynced(engine, first);
    expect((await pern('status')).out).toContain('waits for approval');
  });

  it('an engine that is started again keeps what was approved', async () => {
    await engine.kill();
    engine = await EngineProcess.start(repository);
    await untilSynced(engine, first);
    expect(repository.git('rev-parse', `refs/tags/approved/${NAME}^{commit}`)).toBe(first);
    // The same content as what was approved: another commit, and nothing to approve.
    repository.commit(colored('blue'), 'blue again');
    await engine.world.until('nothing waits', () => {
      const root = engine.world.find('Application.argoproj.io', 'argocd', 'root');
      return root !== undefined && root.metadata.annotations?.['pern-gitops.dev/waits-for-approval'] === undefined;
    });
  });

  it('pern down --purge takes the tags along with the key', async () => {
    await engine.stop();
    expect((await pern('down', '--purge')).err).toContain(`the tag approved/${NAME}`);
    expect(repository.git('tag', '--list')).toBe('');
  });
});

describe('with --strict', () => {
  let repository: SmallRepository;
  let engine: EngineProcess;
  let home: string;
  let signer: { home: string; fingerprint: string };
  let tree: SmallTree;
  const pern = (...words: string[]) => runCommand(repository, words);

  beforeAll(async () => {
    repository = createSmallRepository();
    home = mkdtempSync(join(tmpdir(), 'pern-gpg-test-'));
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--no-tty', '--quiet', ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    gpg('--passphrase', '', '--quick-gen-key', 'Ada <ada@example.com>', 'ed25519', 'sign', 'never');
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? '';
    signer = { home, fingerprint };
    const id = fingerprint.slice(-16);
    tree = { keys: [id], keyring: { [id]: gpg('--armor', '--export', fingerprint) }, windows: [OPEN] };
    repository.commit(smallTree(tree), 'signed by Ada', signer);
    engine = await EngineProcess.start(repository, undefined, true);
    await engine.world.until('production waits', () => application(engine)?.status?.sync?.status === 'OutOfSync');
  });

  afterAll(async () => {
    await engine?.destroy();
    repository?.remove();
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });
    rmSync(home, { recursive: true, force: true });
  });

  it('nothing is overridden, no key is made, and production waits for its first approval', async () => {
    const { out } = await pern('status');
    expect(out).toContain('waits for approval');
    expect(existsSync(join(repository.folder, 'state', 'gnupg'))).toBe(false);
    expect(application(engine)?.spec.source?.targetRevision).toBe('HEAD');
    expect(application(engine)?.status?.operationState).toBeUndefined();
  });

  it('a signed commit in an open window is approved by its own signature', async () => {
    const approved = await pern('approve', 'production');
    expect(approved, approved.err).toMatchObject({ code: 0 });
    expect(approved.out).toContain('signed by tester <tester@localhost> with key');
    await untilSynced(engine, repository.git('rev-parse', 'HEAD'));
    expect(repository.git('tag', '--list')).toBe('');
  });

  it('outside of every window the refusal names the window', async () => {
    const sha = repository.commit(
      { ...smallTree({ ...tree, windows: [CLOSED] }), ...colored('green') },
      'closed',
      signer,
    );
    await engine.world.until('compared', () => application(engine)?.status?.sync?.revision === sha);
    await engine.world.until('the root is there', () => {
      return (
        engine.world.find('Application.argoproj.io', 'argocd', 'root')?.status?.operationState?.syncResult?.revision ===
        sha
      );
    });
    const refused = await pern('approve', 'production');
    expect(refused.code).toBe(4);
    expect(refused.out).toMatch(/✔ signature/);
    expect(refused.out).toMatch(/✖ window +outside of every allow window .*0 0 1 1 \*/);
    expect((await pern('app', 'sync', 'production')).code).toBe(4);
  });

  it('an unsigned commit is refused, and so is the sync of one', async () => {
    repository.commit({ ...smallTree(tree), ...colored('red') }, 'window open again', signer);
    const sha = repository.commit(colored('black'), 'nobody signed this');
    await engine.world.until('compared', () => {
      const conditions = application(engine)?.status?.conditions ?? [];
      return conditions.some(({ message }) => message.includes(`Failed verifying revision ${sha}`));
    });
    const refused = await pern('approve', 'production');
    expect(refused.code).toBe(4);
    expect(refused.out).toMatch(/✖ signature +GIT\/GPG: Failed verifying revision .*: unsigned/);
    expect(refused.err).toContain('git commit --amend -S');
    expect((await pern('app', 'sync', 'production')).code).toBe(4);
  });
});

it('without gpg the engine says what to install', async () => {
  const repository = createSmallRepository();
  try {
    repository.commit(smallTree({}), 'first');
    const bin = join(repository.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), join(bin, 'git'));
    const state = join(repository.folder, 'state');
    const { code, said } = await runToEnd({ repository: repository.path, state, env: { ...process.env, PATH: bin } });
    expect([code, said]).toEqual([2, expect.stringContaining('install GnuPG (apt-get install gnupg')]);
    expect(readFileSync(join(repository.path, KUSTOMIZATION), 'utf8')).toContain('blue');
  } finally {
    repository.remove();
  }
});
