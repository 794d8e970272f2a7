import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { endpointSliceController } from './controller.ts';

goldenTests(import.meta.dirname, endpointSliceController as Controller<never>);
