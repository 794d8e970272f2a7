/**
 * Entry point of the engine's process; `run.ts` says what it takes and does. Only what has to come before everything else
 * is here.
 */
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Compiled modules are kept between starts: the API is ready in half the time.
enableCompileCache();
// Plans are short-lived objects in small numbers; the default young generation of 64 MB would mostly lie idle.
setFlagsFromString('--max-semi-space-size=8');
await import('./run.ts');
