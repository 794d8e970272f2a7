import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useLocation, useNavigationType } from 'react-router';

/**
 * Does on another page what a browser does on a new document: focus goes to the content, and the top is in view. Nothing
 * happens on the first page, nor when only the query changes (tabs and page numbers keep focus).
 */
export function useRouteFocus(main: RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const navigation = useNavigationType();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus({ preventScroll: true });
    if (navigation !== 'POP') window.scrollTo(0, 0);
  }, [main, navigation, pathname]);
}

/**
 * The title of the window.
 *
 * @returns what a live region shall say (nothing for the first page, which screen readers announce themselves), and what
 * pages call with their name
 */
export function usePageTitle(): [string, (title: string) => void] {
  const first = useRef(true);
  const [announcement, setAnnouncement] = useState('');
  const tell = useCallback((title: string) => {
    document.title = `${title} — Conduit`;
    if (!first.current) setAnnouncement(document.title);
    first.current = false;
  }, []);
  return [announcement, tell];
}
