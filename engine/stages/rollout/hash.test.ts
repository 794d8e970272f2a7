import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity } from '#kube/canonical-quantity.ts';
import { computePodTemplateHash, computeStepHash } from './hash.ts';

const container = (name: string) => ({
  name,
  image: 'nginx:1.19-alpine',
  ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  resources: { requests: { memory: '16Mi', cpu: '5m' } },
});

describe('rollouts/§0.1 and rollouts/A42: hash vectors', () => {
  it('hashes the templates of upstream end-to-end tests as upstream does', () => {
    const dynamic = {
      metadata: { labels: { app: 'dynamic-stable-scale' } },
      spec: {
        readinessGates: [{ conditionType: 'argoproj.io/e2e-readiness' }],
        containers: [container('dynamic-stable-scale')],
      },
    };
    const scaleDown = {
      metadata: { labels: { app: 'canary-scaledowndelay' } },
      spec: { containers: [container('canary-scaledowndelay')] },
    };
    expect(computePodTemplateHash(dynamic)).toBe('6b56c8cdb4');
    expect(computePodTemplateHash(scaleDown)).toBe('674d8cf959');
  });

  it('hashes a template with every kind of field as Go and k8s.io/api v0.34.1 do', () => {
    const file = join(import.meta.dirname, 'testdata/pod-template.json');
    expect(computePodTemplateHash(JSON.parse(readFileSync(file, 'utf8')))).toBe('fc957fbd6');
  });

  it('hashes steps', () => {
    expect(computeStepHash([{ pause: {} }])).toBe('6b9b86fbd5');
    expect(computeStepHash([{ pause: {} }, { pause: {} }])).toBe('79c9b9f6bf');
    expect(computeStepHash(undefined)).toBe('5ffbfbbd64');
  });

  it('does not depend on key order, and depends on the collision count', () => {
    const template = { metadata: { labels: { b: '1', a: '2' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const shuffled = { spec: { containers: [{ image: 'i', name: 'c' }] }, metadata: { labels: { a: '2', b: '1' } } };
    expect(computePodTemplateHash(shuffled)).toBe(computePodTemplateHash(template));
    expect(computePodTemplateHash(template, 1)).not.toBe(computePodTemplateHash(template));
  });
});

it.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['16Mi', '16Mi'],
  [1, '1'],
  ['512', '512'],
  ['0.5Ki', '512'],
  ['1e3', '1e3'],
  ['100M', '100M'],
  ['0', '0'],
])('quantity %s is written %s', (value, canonical) => {
  expect(canonicalQuantity(value)).toBe(canonical);
});
