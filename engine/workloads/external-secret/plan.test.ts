import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { externalSecretController } from './controller.ts';

goldenTests(import.meta.dirname, externalSecretController as Controller<never>);
