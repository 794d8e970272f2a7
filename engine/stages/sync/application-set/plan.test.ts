import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../../host/golden.ts';
import { applicationSetController } from './controller.ts';

goldenTests(import.meta.dirname, applicationSetController() as Controller<never>);
