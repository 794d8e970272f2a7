import { Link } from 'react-router';

interface PaginationProps {
  page: number;
  pages: number;
  hrefOf: (page: number) => string;
}

/** The first, the last, and those around the current one; 0 stands for a gap. `pagesShown(6, 20)` is 1 0 4 5 6 7 8 0 20. */
export function pagesShown(page: number, pages: number): number[] {
  const near = Array.from({ length: pages }, (_, index) => index + 1).filter(
    (candidate) => candidate === 1 || candidate === pages || Math.abs(candidate - page) <= 2,
  );
  return near.flatMap((candidate, index) => {
    const previous = near[index - 1] ?? candidate - 1;
    if (candidate - previous === 2) return [candidate - 1, candidate];
    return candidate - previous > 1 ? [0, candidate] : [candidate];
  });
}

/** Links to the pages of a list; nothing when there is only one. */
export function Pagination({ page, pages, hrefOf }: PaginationProps) {
  if (pages <= 1) return null;
  return (
    <nav aria-label="Pages of the list">
      <ul className="pagination">
        {pagesShown(page, pages).map((candidate, index) =>
          candidate === 0 ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: gaps have nothing but their place
            <li key={`gap-${index}`} className="page-gap">
              …
            </li>
          ) : (
            <li key={candidate} className={candidate === page ? 'page-item active' : 'page-item'}>
              <Link
                className="page-link"
                to={hrefOf(candidate)}
                aria-label={`Page ${candidate}`}
                aria-current={candidate === page ? 'page' : undefined}
              >
                {candidate}
              </Link>
            </li>
          ),
        )}
      </ul>
    </nav>
  );
}

/** The number of the page from an address; what is not a positive whole number is page 1. */
export function pageOf(parameters: URLSearchParams): number {
  const text = parameters.get('page') ?? '';
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 1;
}
