import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { namespaceController } from './controller.ts';

goldenTests(import.meta.dirname, namespaceController as Controller<never>);
