import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { nodeController } from './controller.ts';

goldenTests(import.meta.dirname, nodeController as Controller<never>);
