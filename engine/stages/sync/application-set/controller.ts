import { type Controller, onRoot } from '#control/controller.ts';
import { NOTHING } from '#control/plan.ts';

export function applicationSetController(): Controller<object> {
  return {
    name: 'argocd-applicationset-controller',
    root: 'ApplicationSet.argoproj.io',
    triggers: [onRoot('ApplicationSet.argoproj.io')],
    observe: () => ({}),
    plan: () => NOTHING,
  };
}
