import type { Rule } from '../rule.ts';

const syntax: Rule = {
  id: 'rendering/syntax',
  severity: 'error',
  summary: 'a file that is not valid YAML or JSON',
  why: 'Nothing in the file reaches a cluster: Kustomize and Argo CD refuse it as a whole, and the Application shows ComparisonError.',
  example: { bad: 'metadata: {name: web', good: 'metadata: {name: web}' },
  *check(tree) {
    for (const { problems } of tree.sources.values()) {
      for (const { at, message } of problems.slice(0, 1)) yield { at, message: `this is not valid YAML: ${message}` };
    }
  },
};

const build: Rule = {
  id: 'rendering/build',
  severity: 'error',
  summary: 'a source that cannot be rendered',
  why: 'Argo CD compares and syncs nothing of an Application whose source does not render; what runs stays as it is, with ComparisonError.',
  example: { bad: 'resources: [backend.yml]   # the file is backend.yaml', good: 'resources: [backend.yaml]' },
  *check(tree) {
    for (const { name, failures } of tree.deployments) {
      for (const failure of failures) yield { ...failure, deployments: [name] };
    }
  },
};

export const RENDERING: readonly Rule[] = [syntax, build];
