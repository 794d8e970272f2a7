import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../../host/golden.ts';
import { ingressController } from './controller.ts';

goldenTests(
  import.meta.dirname,
  ingressController({ ingressClass: 'nginx', address: '127.0.0.1' }) as Controller<never>,
);
