import { lazy, Suspense, useRef } from 'react';
import { Outlet, Route, Routes, useLocation } from 'react-router';
import HomePage from './pages/home-page.tsx';
import NotFoundPage from './pages/not-found-page.tsx';
import { Loading, PageTitle } from './shared/page.tsx';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { Footer } from './shell/footer.tsx';
import { Header } from './shell/header.tsx';
import { usePageTitle, useRouteFocus } from './shell/route-focus.ts';

// The home page comes with the first script; every other page is a part of its own, loaded when it is first visited.
const ArticlePage = lazy(() => import('./pages/article-page.tsx'));
const ProfilePage = lazy(() => import('./pages/profile-page.tsx'));
const EditorPage = lazy(() => import('./pages/editor-page.tsx'));
const LoginPage = lazy(() => import('./features/account/login-page.tsx'));
const RegisterPage = lazy(() => import('./features/account/register-page.tsx'));
const SettingsPage = lazy(() => import('./features/account/settings-page.tsx'));

/** All pages under the addresses of the RealWorld specification. */
export function App() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route index element={<HomePage />} />
        <Route path="tag/:tag" element={<HomePage />} />
        <Route path="login" element={<LoginPage />} />
        <Route path="register" element={<RegisterPage />} />
        <Route path="settings" element={<SettingsPage />} />
        <Route path="editor" element={<EditorPage />} />
        <Route path="editor/:slug" element={<EditorPage />} />
        <Route path="article/:slug" element={<ArticlePage />} />
        <Route path="profile/:username" element={<ProfilePage favorites={false} />} />
        <Route path="profile/:username/favorites" element={<ProfilePage favorites />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}

/** What surrounds every page. */
function Shell() {
  const main = useRef<HTMLElement>(null);
  const [title, setTitle] = usePageTitle();
  useRouteFocus(main);
  const { pathname } = useLocation();
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <Header />
      <main id="content" ref={main} tabIndex={-1}>
        <ErrorBoundary key={pathname}>
          <Suspense fallback={<Loading />}>
            <PageTitle value={setTitle}>
              <Outlet />
            </PageTitle>
          </Suspense>
        </ErrorBoundary>
      </main>
      <Footer />
      <div className="sr-only" aria-live="polite">
        {title}
      </div>
    </>
  );
}
