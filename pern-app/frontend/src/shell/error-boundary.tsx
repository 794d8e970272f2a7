import { Component, type ReactNode } from 'react';

/** Keeps the rest of the page usable when one part cannot be shown. Another `key` tries again. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="container page" role="alert">
        <h1>This page cannot be shown</h1>
        <p>Part of it could not be loaded, or failed. Loading it again may help.</p>
        <button type="button" className="btn btn-primary" onClick={() => window.location.reload()}>
          Load again
        </button>
      </div>
    );
  }
}
