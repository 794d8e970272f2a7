import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { schedulerController } from './controller.ts';

goldenTests(import.meta.dirname, schedulerController as Controller<never>);
