import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { resourceQuotaController } from './controller.ts';

goldenTests(import.meta.dirname, resourceQuotaController as Controller<never>);
