import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { persistentVolumeClaimController } from './controller.ts';

goldenTests(import.meta.dirname, persistentVolumeClaimController as Controller<never>);
