import { createContext, type ReactNode, use, useEffect } from 'react';
import { Link } from 'react-router';

/** Told the name of the page, whenever it changes. */
export const PageTitle = createContext<(title: string) => void>(() => {});

/** One page: its name in the window's title, its class as in the RealWorld templates. */
export function Page({ title, className, children }: { title: string; className: string; children: ReactNode }) {
  const tell = use(PageTitle);
  useEffect(() => tell(title), [tell, title]);
  return <div className={className}>{children}</div>;
}

/** A page in one narrow column with a heading. */
export function FormPage({ title, className, children }: { title: string; className: string; children: ReactNode }) {
  return (
    <Page title={title} className={className}>
      <div className="container page narrow">
        <h1 className="text-xs-center">{title}</h1>
        {children}
      </div>
    </Page>
  );
}

/** Says that something is on its way, also to screen readers. */
export function Loading({ text = 'Loading…' }: { text?: string }) {
  return (
    <p role="status" className="loading">
      {text}
    </p>
  );
}

/** What is shown instead of something that could not be loaded. */
export function LoadFailed({ errors, onRetry }: { errors: readonly string[]; onRetry: () => void }) {
  return (
    <div role="alert" className="load-failed">
      {errors.map((error) => (
        <p key={error}>{error}</p>
      ))}
      <button type="button" className="btn btn-sm btn-outline-secondary" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** What is shown when the server knows nothing under this address. */
export function Missing({ what }: { what: string }) {
  return (
    <div role="alert" className="load-failed">
      <p>{what} does not exist, or not any more.</p>
      <Link to="/">Back to the articles</Link>
    </div>
  );
}
