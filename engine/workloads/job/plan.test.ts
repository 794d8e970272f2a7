import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { jobController } from './controller.ts';

goldenTests(import.meta.dirname, jobController as Controller<never>);
