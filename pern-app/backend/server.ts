import { exitWithStartupError, runService } from '../operations/service.ts';
import { createBackend } from './app.ts';
import { parseServerConfig } from './config.ts';

/** Entry point of the image: `node server.js`. */
try {
  const config = parseServerConfig(process.env);
  await runService(createBackend(config, { random: Math.random, now: Date.now }), config);
} catch (error) {
  exitWithStartupError(error);
}
