import type { CheckResult } from '../run.ts';

/** The report for programs. The shape is a contract: fields are added, never renamed. */
export function jsonReport({ findings, accepted, tree }: CheckResult): string {
  const report = {
    version: 1,
    findings,
    accepted: accepted.map(({ finding, reason }) => ({ ...finding, reason })),
    deployments: tree.deployments.map(({ name, application, objects, elsewhere }) => ({
      name,
      application: application !== undefined,
      objects: objects.length,
      elsewhere,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
