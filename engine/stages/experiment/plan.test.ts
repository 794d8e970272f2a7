import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { experimentController } from './controller.ts';

goldenTests(import.meta.dirname, experimentController as Controller<never>);
