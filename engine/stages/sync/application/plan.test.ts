import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../../host/golden.ts';
import { applicationController } from './controller.ts';

goldenTests(import.meta.dirname, applicationController({ normalise: (object) => object }) as Controller<never>);
