import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { kubeletController } from './controller.ts';

goldenTests(import.meta.dirname, kubeletController({ podNetwork: '127.20' }) as Controller<never>);
