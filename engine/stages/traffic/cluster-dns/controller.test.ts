import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../../host/golden.ts';
import { clusterDnsController } from './controller.ts';

goldenTests(import.meta.dirname, clusterDnsController as Controller<never>);
