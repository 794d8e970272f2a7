import { Link } from 'react-router';
import { ReleaseBadge } from './release-badge.tsx';

export function Footer() {
  return (
    <footer>
      <div className="container">
        <Link to="/" className="logo-font">
          conduit
        </Link>
        <span className="attribution">A place to share your knowledge, and an example of a PERN application.</span>
        <ReleaseBadge />
      </div>
    </footer>
  );
}
