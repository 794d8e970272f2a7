/**
 * Builds one image of the application and puts it into the store: a process of its own, started by the engine.
 * In (standard input): `{ repository, stateFolder, component, version, faults?, replace? }` as JSON.
 * Out (standard output): `{ image, imageId, seconds }`. A failure is one text on standard error and exit code 1.
 */
import { buildComponent } from './edges/real/images/component-builder.ts';

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  const startedMs = performance.now();
  const { image, imageId } = await buildComponent(JSON.parse(text));
  process.stdout.write(JSON.stringify({ image, imageId, seconds: (performance.now() - startedMs) / 1000 }));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
