import { type Amount, amountText, NO_AMOUNT } from '#kube/canonical-quantity.ts';
import type { KubeObject } from '#kube/object.ts';
import { type Amounts, amountsOf, podResources } from '../quota/pod-resources.ts';
import { eachOf, type Members, mapOf } from '../validation/causes.ts';

interface Asked {
  requests: Amounts;
  limits: Amounts;
}

/** What of a pod or claim lies outside of one item of a LimitRange, in kube-apiserver's words. */
export function constraintProblems(limit: Members, object: KubeObject, kindId: string): string[] {
  const spec = mapOf(object.spec);
  switch (limit.type) {
    case 'Container':
      if (kindId !== 'Pod') return [];
      return [...eachOf(spec.containers, ''), ...eachOf(spec.initContainers, '')].flatMap(([container]) => {
        const { requests, limits } = mapOf(container.resources);
        return problemsOf(limit, { requests: amountsOf(requests), limits: amountsOf(limits) });
      });
    case 'Pod':
      if (kindId !== 'Pod') return [];
      return problemsOf(limit, {
        requests: podResources(spec, 'requests'),
        limits: podResources(spec, 'limits'),
      });
    case 'PersistentVolumeClaim':
      if (kindId !== 'PersistentVolumeClaim') return [];
      return claimProblems(limit, amountsOf(mapOf(spec.resources).requests));
    default:
      return [];
  }
}

function problemsOf(limit: Members, asked: Asked): string[] {
  const type = String(limit.type);
  return [
    ...sorted(limit.min).map(([name, amount]) => belowMinimum(type, name, amount, asked)),
    ...sorted(limit.max).map(([name, amount]) => aboveMaximum(type, name, amount, asked)),
    ...sorted(limit.maxLimitRequestRatio).map(([name, amount]) => aboveRatio(type, name, amount, asked)),
  ].filter((problem) => problem !== undefined);
}

function claimProblems(limit: Members, requests: Amounts): string[] {
  const type = 'PersistentVolumeClaim';
  const asked = { requests, limits: new Map<string, Amount>() };
  return [
    ...sorted(limit.min).map(([name, amount]) => belowMinimum(type, name, amount, asked)),
    ...sorted(limit.max).map(([name, amount]) => {
      const request = requests.get(name);
      const head = `maximum ${name} usage per ${type} is ${amountText(amount)}`;
      if (request === undefined) return `${head}.  No request is specified`;
      return request.nano > amount.nano ? `${head}, but request is ${amountText(request)}` : undefined;
    }),
  ].filter((problem) => problem !== undefined);
}

function sorted(list: unknown): [string, Amount][] {
  return [...amountsOf(list)].sort(([left], [right]) => (left < right ? -1 : 1));
}

function belowMinimum(type: string, name: string, minimum: Amount, { requests, limits }: Asked): string | undefined {
  const request = requests.get(name);
  const limit = limits.get(name);
  const head = `minimum ${name} usage per ${type} is ${amountText(minimum)}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (request.nano < minimum.nano) return `${head}, but request is ${amountText(request)}`;
  if (limit !== undefined && limit.nano < minimum.nano) return `${head}, but limit is ${amountText(limit)}`;
  return undefined;
}

function aboveMaximum(type: string, name: string, maximum: Amount, { requests, limits }: Asked): string | undefined {
  const request = requests.get(name);
  const limit = limits.get(name);
  const head = `maximum ${name} usage per ${type} is ${amountText(maximum)}`;
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (limit.nano > maximum.nano) return `${head}, but limit is ${amountText(limit)}`;
  if (request !== undefined && request.nano > maximum.nano) return `${head}, but request is ${amountText(request)}`;
  return undefined;
}

function aboveRatio(type: string, name: string, maximum: Amount, { requests, limits }: Asked): string | undefined {
  const { nano: request } = requests.get(name) ?? NO_AMOUNT;
  const { nano: limit } = limits.get(name) ?? NO_AMOUNT;
  const head = `${name} max limit to request ratio per ${type} is ${amountText(maximum)}, but`;
  if (request === 0n) return `${head} no request is specified or request is 0`;
  if (limit === 0n) return `${head} no limit is specified or limit is 0`;
  const ratio = Number(limit) / Number(request);
  return ratio * 1e9 > Number(maximum.nano) ? `${head} provided ratio is ${ratio.toFixed(6)}` : undefined;
}
