import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { garbageCollector } from './controller.ts';

goldenTests(import.meta.dirname, garbageCollector as Controller<never>);
