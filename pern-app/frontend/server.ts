import { fileURLToPath } from 'node:url';
import { exitWithStartupError, runService } from '../operations/service.ts';
import { createFrontend } from './app.ts';
import { parseFrontendConfig } from './config.ts';
import { readStaticFiles } from './files.ts';

/** Entry point of the image: `node server.js`, with the Vite build in `public/` beside it. */
try {
  const config = parseFrontendConfig(process.env);
  const files = readStaticFiles(fileURLToPath(new URL('./public', import.meta.url)));
  await runService(createFrontend(config, files, Math.random), config);
} catch (error) {
  exitWithStartupError(error);
}
