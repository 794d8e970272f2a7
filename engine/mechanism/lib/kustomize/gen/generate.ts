/**
 * Writes ../schema/kubernetes-facts.json from two inputs given by path:
 *   node generate.ts SWAGGER.json OPENAPI.go
 * SWAGGER.json: the OpenAPI v2 document built into kustomize (dump-swagger.go prints it);
 * OPENAPI.go: kyaml/openapi/openapi.go, whose table says which kinds are namespaced.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compileMergeFacts, pruneMergeFacts } from '../schema/merge-facts.ts';

const [swaggerPath, openApiPath] = process.argv.slice(2);
if (!swaggerPath || !openApiPath) {
  process.stderr.write('usage: node generate.ts SWAGGER.json OPENAPI.go\n');
  process.exit(2);
}

const swagger = JSON.parse(readFileSync(swaggerPath, 'utf8')) as { definitions: Record<string, unknown> };
const facts = pruneMergeFacts(compileMergeFacts(swagger.definitions));

const clusterScoped: string[] = [];
const namespaced: string[] = [];
const row = /\{APIVersion: "([^"]+)", Kind: "([^"]+)"\}:\s*(true|false)/g;
for (const [, apiVersion, kind, isNamespaced] of readFileSync(openApiPath, 'utf8').matchAll(row)) {
  (isNamespaced === 'true' ? namespaced : clusterScoped).push(`${apiVersion} ${kind}`);
}

const lines = [
  '{',
  `  "clusterScoped": ${JSON.stringify(clusterScoped.sort())},`,
  `  "namespaced": ${JSON.stringify(namespaced.sort())},`,
  `  "definitions": ${JSON.stringify(facts.definitions)},`,
  `  "kinds": ${JSON.stringify(facts.kinds)},`,
  `  "types": [\n${facts.types.map((type) => `    ${JSON.stringify(type)}`).join(',\n')}\n  ]`,
  '}',
];
const target = new URL('../schema/kubernetes-facts.json', import.meta.url);
writeFileSync(target, `${lines.join('\n')}\n`);
process.stdout.write(`${clusterScoped.length} cluster-scoped kinds, ${facts.types.length} types with merging lists\n`);
