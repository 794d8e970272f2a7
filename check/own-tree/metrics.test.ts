/** Row 6: every query reads what something really exports. The pages in pern-gitops/metrics are written by the exporters' own code. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IngressMetrics } from '../../engine/edges/real/traffic/ingress-metrics.ts';
import { formatExposition } from '../../engine/mechanism/lib/exposition/index.ts';
import type { Reader } from '../../engine/mechanism/store/store.ts';
import { cadvisorMetrics } from '../../engine/workloads/metrics/cadvisor.ts';
import { kubeStateMetrics } from '../../engine/workloads/metrics/kube-state.ts';
import { createBackend } from '../../pern-app/backend/app.ts';
import { parseServerConfig } from '../../pern-app/backend/config.ts';
import { createFrontend } from '../../pern-app/frontend/app.ts';
import { parseFrontendConfig } from '../../pern-app/frontend/config.ts';
import { readStaticFiles } from '../../pern-app/frontend/files.ts';
import { metricCatalogue } from '../model/metric-catalogue.ts';
import { declaredTree, ROOT } from './declared.ts';

const NOTHING = { list: () => [], get: () => undefined } as unknown as Reader;
const VERSION = { VERSION: '1.0.0', ENVIRONMENT: 'test', LOG_LEVEL: 'silent' };
const DATABASE = { PGHOST: 'postgres', PGUSER: 'test', PGDATABASE: 'test', JWT_SECRET: 'x'.repeat(48) };

/** Exporter → the page it serves. */
const PAGES: Record<string, () => string | Promise<string>> = {
  async backend() {
    const edges = { random: () => 0.5, now: () => 0 };
    const backend = createBackend(parseServerConfig({ ...VERSION, ...DATABASE }), edges);
    const page = await backend.metrics.registry.metrics();
    await backend.release();
    return page;
  },
  async frontend() {
    const build = mkdtempSync(join(tmpdir(), 'pern-metrics-'));
    writeFileSync(join(build, 'index.html'), '<!doctype html>');
    const frontend = createFrontend(parseFrontendConfig(VERSION), readStaticFiles(build), () => 0.5);
    rmSync(build, { recursive: true });
    return frontend.metrics.registry.metrics();
  },
  'kube-state-metrics': () => formatExposition(kubeStateMetrics(NOTHING)),
  cadvisor: () => formatExposition(cadvisorMetrics([], NOTHING)),
  'ingress-nginx': () => new IngressMetrics().exposition(),
};

/** The families of a page, sorted: what does not change from one run to the next. */
function families(page: string): string {
  const lines = page.split('\n').filter((line) => /^# (HELP|TYPE) /.test(line));
  const key = (line: string) => `${line.split(' ')[2]} ${line.split(' ')[1]}`;
  return `${lines.sort((left, right) => (key(left) < key(right) ? -1 : 1)).join('\n')}\n`;
}

describe('row 6: metrics that exist', () => {
  it.each(Object.keys(PAGES))('metrics/%s.prom is what the exporter serves', async (name) => {
    const file = join(ROOT, 'pern-gitops', 'metrics', `${name}.prom`);
    const page = families(await (PAGES[name] as () => Promise<string>)());
    if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(file, page);
    expect(page).toBe(readFileSync(file, 'utf8'));
  });

  it('analyses ask for nothing that the pages do not have', () => {
    const folder = join(ROOT, 'pern-gitops', 'metrics');
    const pages = [...Object.keys(PAGES), 'istio'].map((name) => readFileSync(join(folder, `${name}.prom`), 'utf8'));
    const known = new Set(pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)));
    const templates = declaredTree().byKind('ClusterAnalysisTemplate.argoproj.io');
    const asked = [...JSON.stringify(templates.map(({ value }) => value)).matchAll(/([a-z_]+)\{(?!\{)/g)].map(
      ([, name]) => name,
    );
    expect(new Set(asked).size).toBeGreaterThan(15);
    // Prometheus itself writes `up` for each target.
    for (const name of asked.filter((candidate) => candidate !== 'up'))
      expect(known, name).toContain(name?.replace(/_(bucket|count|sum)$/, ''));
  });

  it('a name that no page has is known to be wrong', () => {
    const catalogue = metricCatalogue(declaredTree());
    expect(catalogue.knows('db_query_duration_seconds_bucket')).toBe(true);
    expect(catalogue.knows('http_request_total')).toBe(false);
  });
});
