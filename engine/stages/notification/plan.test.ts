import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { applicationNotificationController } from './application-controller.ts';

goldenTests(import.meta.dirname, applicationNotificationController as Controller<never>);
