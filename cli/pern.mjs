#!/usr/bin/env node
// The bin of this package: installs what is missing, finds Node 24 and hands over to main.ts, as `npm start` does.
process.argv.splice(2, 0, 'pern');
await import('../scripts/bootstrap.mjs');
