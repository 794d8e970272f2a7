import { mapAt } from '../model/fields.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import { textAt } from '../model/placed-object.ts';
import type { Deployment, Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

const twoOwners: Rule = {
  id: 'ownership/two-applications',
  severity: 'error',
  summary: 'one object that two Applications deploy',
  why: 'Each takes it from the other: Argo CD shows SharedResourceWarning, both are OutOfSync in turn, self-heal makes it flap, and pruning one deletes what the other needs.',
  example: {
    bad: 'two Applications whose paths both contain namespace.yaml',
    good: 'one of them declares the Namespace, the other does not',
  },
  *check(tree) {
    const owners = new Map<string, { deployment: Deployment; object: PlacedObject }>();
    for (const deployment of tree.deployments) {
      if (deployment.application === undefined) continue;
      const cluster = destinationOf(deployment);
      for (const object of deployment.objects) {
        // Objects whose namespace only the cluster knows cannot be compared.
        if (
          /generateName/.test(Object.keys(mapAt(object.value, ['metadata'])).join(' ')) &&
          textAt(object.value.metadata, 'name') === ''
        )
          continue;
        const id = `${cluster} ${object.kindId} ${object.namespace} ${object.name}`;
        const first = owners.get(id);
        if (first === undefined) owners.set(id, { deployment, object });
        else if (first.deployment !== deployment) {
          yield {
            at: object.place(),
            object: object.title,
            message: `${object.title} is deployed by ${first.deployment.name} and by ${deployment.name}`,
            fix: 'let one Application declare it',
            related: [{ at: first.object.place(), message: `as ${first.deployment.name} declares it` }],
          };
        }
      }
    }
  },
};

function destinationOf({ application }: Deployment): string {
  const destination = mapAt(application?.value, ['spec', 'destination']);
  return textAt(destination, 'server') || textAt(destination, 'name');
}

const twice: Rule = {
  id: 'ownership/declared-twice',
  severity: 'error',
  summary: 'one object that a deployment declares twice',
  why: 'Argo CD keeps the last and shows RepeatedResourceWarning; which one is last depends on file names.',
  example: { bad: 'two files with ConfigMap settings', good: 'one' },
  *check(tree: Tree) {
    for (const { objects, name, application } of tree.deployments) {
      if (application === undefined) continue;
      const seen = new Map<string, PlacedObject>();
      for (const object of objects) {
        if (textAt(object.value.metadata, 'name') === '') continue;
        const id = `${object.kindId} ${object.namespace} ${object.name}`;
        const first = seen.get(id);
        if (first !== undefined) {
          yield {
            at: object.place(),
            object: object.title,
            deployments: [name],
            message: `${object.title} is declared twice`,
            related: [{ at: first.place(), message: 'the first time here' }],
          };
        }
        seen.set(id, object);
      }
    }
  },
};

export const OWNERSHIP: readonly Rule[] = [twoOwners, twice];
