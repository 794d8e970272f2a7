import { ArticlesPage } from './features/articles/articles-page.tsx';
import { ReleaseBadge } from './features/release/release-badge.tsx';

/** The whole page; features are put together here and nowhere else. */
export function App() {
  return (
    <>
      <header className="page-header">
        <h1>Articles</h1>
        <ReleaseBadge />
      </header>
      <main>
        <ArticlesPage />
      </main>
    </>
  );
}
