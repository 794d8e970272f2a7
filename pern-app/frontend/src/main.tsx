import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App } from './app.tsx';
import { mayReload } from './shared/recovery.ts';
import { createSession, TOKEN_KEY } from './shared/session.ts';
import { SessionProvider } from './shared/session-context.tsx';
import { browserStorage } from './shared/storage.ts';
import { exposeDebug } from './shell/debug.ts';
import './styles/index.css';

const send = (url: string, init?: RequestInit) => fetch(url, init);
const session = createSession({
  fetch: send,
  storage: browserStorage(() => window.localStorage),
  schedule(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
});

// A part of the page that is gone: the page itself has news.
window.addEventListener('vite:preloadError', (event) => {
  const storage = browserStorage(() => window.sessionStorage);
  if (!mayReload(storage, Date.now())) return;
  event.preventDefault();
  window.location.reload();
});
// Signed in or out in another tab.
window.addEventListener('storage', (event) => {
  if (event.key === TOKEN_KEY || event.key === null) void session.start();
});
exposeDebug(session);
void session.start();

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <SessionProvider session={session} fetch={send}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </SessionProvider>
  </StrictMode>,
);
