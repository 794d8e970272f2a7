import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { horizontalPodAutoscalerController } from './controller.ts';

goldenTests(import.meta.dirname, horizontalPodAutoscalerController as Controller<never>);
