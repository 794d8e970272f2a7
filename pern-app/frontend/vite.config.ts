import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `npx vite build` writes `dist/`; `npx vite` serves the page with hot reload and sends `/api` to a back end on port 8080. */
export default defineConfig({
  plugins: [react()],
  // Inlined assets would need `data:` in the content security policy.
  build: { assetsInlineLimit: 0, sourcemap: false },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});
