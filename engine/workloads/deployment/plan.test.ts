import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { deploymentController } from './controller.ts';

goldenTests(import.meta.dirname, deploymentController as Controller<never>);
