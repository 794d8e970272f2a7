import { describe, expect, it } from 'vitest';
import { lintText } from './rollout-lint.ts';

const ROLLOUT = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: web:1
  strategy:
    canary:
`;

const lint = (strategy: string, more = '') =>
  lintText('rollout.yaml', `${ROLLOUT}${strategy}${more}`).findings.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

const NGINX = `      canaryService: web-canary
      stableService: web-stable
      trafficRouting: { nginx: { stableIngress: web } }
`;
const service = (name: string, app: string) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${app} } }
`;

describe('rollouts/K05 lint', () => {
  it('a good rollout, with what it refers to elsewhere, passes', () => {
    expect(lint(`${NGINX}      steps: [{ setWeight: 20 }, { pause: {} }]\n`)).toEqual([]);
  });

  it('an unknown field is named where it stands', () => {
    expect(lint('      setps: []\n')).toEqual(['14:7 unknown field "spec.strategy.canary.setps"']);
    expect(lint('      steps: [{ setWeigth: 20 }]\n')[0]).toMatch(
      /^14:\d+ unknown field "spec\.strategy\.canary\.steps\[0\]\.setWeigth"$/,
    );
  });

  it('upstream’s paths lead to the line, though they leave the strategy’s name out', () => {
    expect(lint('      maxSurge: 0\n      maxUnavailable: 0\n')).toEqual([
      '14:7 spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero',
    ]);
  });

  it('services of the same file are looked at, each document its own lines', () => {
    const services = service('web-canary', 'other') + service('web-stable', 'web');
    expect(lint(NGINX, services)).toEqual([
      '14:7 spec.strategy.canary.canaryService: Invalid value: "web-canary": Service "web-canary" has unmatch label "app" in rollout',
    ]);
  });

  it('an Ingress of the same file must have a rule for the stable service', () => {
    const ingress = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec: { rules: [] }
`;
    expect(lint(NGINX, ingress)[0]).toContain('ingress `web` has no rules using service web-stable backend');
  });

  it('what only this engine refuses is told apart', () => {
    const text = `${ROLLOUT}      canaryService: c\n      stableService: s\n      trafficRouting: { istio: { virtualService: { name: v } } }\n`;
    const { findings } = lintText('rollout.yaml', text);
    expect(findings.map(({ by }) => by)).toEqual(['engine']);
    expect(findings[0]?.message).toContain('the istio traffic router is not reproduced by this engine');
  });

  it('text that is no YAML is a finding too', () => {
    expect(lintText('x.yaml', 'a: [1\nb: 2\n').findings.length).toBeGreaterThan(0);
    expect(lintText('x.yaml', '').findings).toEqual([]);
  });
});
