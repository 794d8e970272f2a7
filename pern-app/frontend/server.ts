import { fileURLToPath } from 'node:url';
import { exitWithStartupError, runService } from '../operations/service.ts';
import { createFrontend } from './app.ts';
import { parseFrontendConfig } from './config.ts';
import { readStaticFiles } from './files.ts';

/** Entry point of the image: `node server.js`, with the Vite build in `public/` beside it. */
try {
  const config = parseFrontendConfig(process.env);
  const files = readStaticFiles(config.PUBLIC_DIR ?? fileURLToPath(new URL('./public', import.meta.url)));
  const frontend = createFrontend(config, files, Math.random);
  await runService(frontend, config);
  await frontend.exchange.copyAll();
} catch (error) {
  exitWithStartupError(error);
}
