import { type Controller, onOwned, onRoot, trigger, type World } from '#control/controller.ts';
import { type KubeObject, objectKey, splitKey } from '#kube/object.ts';
import type { PasswordSpec } from './password.ts';
import { type ExternalSecretObservation, planExternalSecret } from './plan.ts';
import type { ExternalSecretSpec } from './spec.ts';

const EXTERNAL_SECRET = 'ExternalSecret.external-secrets.io';

/** Keeps Secrets whose values are generated rather than committed. */
export const externalSecretController: Controller<ExternalSecretObservation> = {
  name: 'external-secrets',
  root: EXTERNAL_SECRET,
  triggers: [
    onRoot(EXTERNAL_SECRET),
    onOwned('Secret', 'ExternalSecret'),
    trigger('Password.generators.external-secrets.io', (generator, objects) =>
      objects
        .list(EXTERNAL_SECRET, generator.metadata.namespace)
        .filter((candidate) => generatorNames(candidate as unknown as KubeObject).includes(generator.metadata.name))
        .map(objectKey),
    ),
  ],
  observe: observeExternalSecret,
  plan: planExternalSecret,
};

function generatorNames(externalSecret: KubeObject): string[] {
  const sources = ((externalSecret.spec ?? {}) as ExternalSecretSpec).dataFrom ?? [];
  return sources.flatMap((source) => source.sourceRef?.generatorRef?.name ?? []);
}

function observeExternalSecret(key: string, { objects, answers }: World): ExternalSecretObservation | undefined {
  const { namespace, name } = splitKey(key);
  const externalSecret = objects.get(EXTERNAL_SECRET, namespace, name) as unknown as KubeObject | undefined;
  if (externalSecret === undefined) return undefined;
  const target = ((externalSecret.spec ?? {}) as ExternalSecretSpec).target?.name ?? name;
  const generators = new Map(
    objects
      .list('Password.generators.external-secrets.io', namespace)
      .map((generator) => [generator.metadata.name, (generator.spec ?? {}) as PasswordSpec]),
  );
  return { externalSecret, secret: objects.get('Secret', namespace, target), generators, answers };
}
