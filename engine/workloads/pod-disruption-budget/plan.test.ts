import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { podDisruptionBudgetController } from './controller.ts';

goldenTests(import.meta.dirname, podDisruptionBudgetController as Controller<never>);
