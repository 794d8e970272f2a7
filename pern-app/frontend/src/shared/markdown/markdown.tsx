import { createElement, type ReactNode } from 'react';
import { type Block, parseMarkdown } from './blocks.ts';
import type { Inline } from './inline.ts';

/**
 * A text in Markdown as React elements. No HTML is ever parsed, so what an author writes cannot become a script, a
 * handler or a style: every character ends up as text, or as one of the few attributes checked by `parseInline`.
 *
 * @param headingShift how far headings go down, so that they stay below the heading of the page
 */
export function Markdown({ text, headingShift = 1 }: { text: string; headingShift?: number }) {
  return renderBlocks(parseMarkdown(text), headingShift);
}

function renderBlocks(blocks: readonly Block[], shift: number): ReactNode[] {
  // The place is the only identity a part of a text has, and the text is rendered whole.
  return blocks.map((block, index) => renderBlock(block, shift, index));
}

function renderBlock(block: Block, shift: number, key: number): ReactNode {
  switch (block.kind) {
    case 'paragraph':
      return <p key={key}>{renderInlines(block.children)}</p>;
    case 'heading':
      return createElement(`h${Math.min(block.level + shift, 6)}`, { key }, renderInlines(block.children));
    case 'code':
      return (
        // A wide text can be scrolled by keyboard too.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be reachable
        <pre key={key} tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case 'rule':
      return <hr key={key} />;
    case 'quote':
      return <blockquote key={key}>{renderBlocks(block.children, shift)}</blockquote>;
    case 'list':
      return renderList(block, shift, key);
  }
}

function renderList({ start, items }: Block & { kind: 'list' }, shift: number, key: number): ReactNode {
  const children = items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is the only identity
    <li key={index}>{renderItem(item, shift)}</li>
  ));
  return start === undefined ? (
    <ul key={key}>{children}</ul>
  ) : (
    <ol key={key} start={start}>
      {children}
    </ol>
  );
}

/** An item of one paragraph needs no paragraph. */
function renderItem(item: readonly Block[], shift: number): ReactNode {
  const [only, ...rest] = item;
  if (only?.kind !== 'paragraph') return renderBlocks(item, shift);
  return [...renderInlines(only.children), ...renderBlocks(rest, shift)];
}

function renderInlines(nodes: readonly Inline[]): ReactNode[] {
  return nodes.map((node, index) => renderInline(node, `i${index}`));
}

function renderInline(node: Inline, key: string): ReactNode {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'code':
      return <code key={key}>{node.text}</code>;
    case 'break':
      return <br key={key} />;
    case 'image':
      return <img key={key} src={node.src} alt={node.alt} loading="lazy" referrerPolicy="no-referrer" />;
    case 'link':
      return (
        <a key={key} href={node.href} rel="nofollow ugc noopener noreferrer">
          {renderInlines(node.children)}
        </a>
      );
    default:
      return createElement(node.kind, { key }, renderInlines(node.children));
  }
}
