import { describe, expect, it } from 'vitest';
import type { RevisionSignature } from '#machine/signatures.ts';
import type { ProjectSpec } from './permissions.ts';
import { effectiveSourceIntegrity, integrityDemand, signatureProblems } from './source-integrity.ts';

const policy = (mode: string, ...urls: string[]) => ({
  repos: urls.map((url) => ({ url })),
  gpg: { mode, keys: ['D56C4FCA57A46444'] },
});

const SPEC: ProjectSpec = {
  sourceIntegrity: {
    git: {
      policies: [
        policy(
          'head',
          'https://github.com/group/*',
          '!https://github.com/group/*-legacy.git',
          '!https://github.com/group/*-critical.git',
        ),
        policy('none', 'https://github.com/group/*-legacy.git'),
        policy('strict', 'https://github.com/group/*-critical.git'),
        policy('head', 'https://github.com/group/duplicated.git'),
      ],
    },
  },
};

describe('the policy of a repository', () => {
  it.each([
    ['G01', 'https://github.com/group/head.git', { demand: 'signatures', history: false }],
    ['G02', 'https://github.com/group/foo-legacy.git', { demand: 'none' }],
    ['G03', 'https://github.com/group/bar-critical.git', { demand: 'signatures', history: true }],
    [
      'G04',
      'https://github.com/group/duplicated.git',
      {
        demand: 'invalid',
        error: 'multiple (2) git source integrity policies found for repo URL: https://github.com/group/duplicated.git',
      },
    ],
    ['G05', 'https://gitlab.com/foo/bar.git', { demand: 'none' }],
  ])('cd/%s %s', (_id, repoURL, expected) => {
    expect(integrityDemand(SPEC, repoURL)).toMatchObject(expected);
  });

  it('with a mode nobody knows refuses everything', () => {
    const spec = { sourceIntegrity: { git: { policies: [policy('deep', '*')] } } };
    expect(integrityDemand(spec, 'https://x/y')).toEqual({
      demand: 'invalid',
      error: 'unknown GPG mode "deep" configured for GIT source integrity',
    });
    expect(integrityDemand({ sourceIntegrity: { git: { policies: [policy('', '*')] } } }, 'https://x/y').demand).toBe(
      'invalid',
    );
  });

  it('cd/G12 cd/G13 is made of signatureKeys only where there is no other', () => {
    const signatureKeys = [{ keyID: 'A' }];
    const made = { policies: [{ repos: [{ url: '*' }], gpg: { mode: 'head', keys: ['A'] } }] };
    expect(effectiveSourceIntegrity({ signatureKeys })).toEqual({ git: made });
    expect(effectiveSourceIntegrity({ signatureKeys, sourceIntegrity: {} })).toEqual({ git: made });
    expect(effectiveSourceIntegrity({ signatureKeys, ...SPEC })).toEqual(SPEC.sourceIntegrity);
    expect(effectiveSourceIntegrity({ signatureKeys: [] })).toBeUndefined();
  });
});

describe('problems of signatures', () => {
  const sha = (digit: string) => digit.repeat(40);
  const signed = (revision: string, keyId: string, result: RevisionSignature['result'] = 'signed') => ({
    revision,
    keyId,
    result,
    identity: 'Ada <ada@x>',
  });
  const head = (...keys: string[]) => ({ history: false, keys });

  it('cd/G06 cd/G07 are none for a key that is listed by id or fingerprint', () => {
    const fingerprint = '0123456789abcdef01234567D56C4FCA57A46444';
    expect(signatureProblems(head(fingerprint), [signed(sha('1'), 'D56C4FCA57A46444')])).toEqual([]);
    const keys = head('4cfe068f80b1681b', '0000000000000000');
    expect(signatureProblems(keys, [signed('v1.0', '4cfe068f80b1681b')])).toEqual([]);
  });

  it('cd/G08 name a good key that is not listed', () => {
    expect(signatureProblems(head('not a key id'), [signed(sha('1'), '4cfe068f80b1681b')])).toEqual([
      `GIT/GPG: Failed verifying revision ${sha('1')} by 'Ada <ada@x>': signed with unallowed key (key_id=4cfe068f80b1681b)`,
    ]);
  });

  it('cd/G09 cd/G10 are one for each key, but one for each unsigned commit and each tag', () => {
    const unsigned = ['1', '2'].map((digit) => signed(sha(digit), '', 'unsigned'));
    const sameKey = ['3', '4'].map((digit) => signed(sha(digit), 'AAAAAAAAAAAAAAAA', 'bad signature'));
    const tag = signed('v1', 'AAAAAAAAAAAAAAAA', 'bad signature');
    const problems = signatureProblems(head(), [tag, ...unsigned, ...sameKey]);
    expect(problems.map((text) => /: (\w[^:]*) \(/.exec(text)?.[1])).toEqual([
      'bad signature',
      'unsigned',
      'unsigned',
      'bad signature',
    ]);
  });

  it('cd/G11 are at most ten', () => {
    const many = Array.from({ length: 12 }, (_, index) => signed(sha((index % 10).toString()), '', 'unsigned'));
    expect(signatureProblems(head(), many)).toHaveLength(10);
  });
});
