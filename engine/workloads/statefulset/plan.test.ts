import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { statefulSetController } from './controller.ts';

goldenTests(import.meta.dirname, statefulSetController as Controller<never>);
