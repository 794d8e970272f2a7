/** Range, subquery, `offset` and `@` after an expression. */
import type { AtModifier, Expr, VectorSelector } from './ast.ts';
import { parseError } from './errors.ts';

export type Postfix =
  | { readonly kind: 'offset'; readonly offsetMs: number; readonly to: number }
  | { readonly kind: 'at'; readonly at: AtModifier; readonly to: number }
  | { readonly kind: 'range'; readonly rangeMs: number; readonly at: number; readonly to: number }
  | {
      readonly kind: 'subquery';
      readonly rangeMs: number;
      readonly stepMs: number | undefined;
      readonly at: number;
      readonly to: number;
    };

/** @throws PromqlError when the postfix does not fit the expression. */
export function applyPostfix(expr: Expr, postfix: Postfix, text: string): Expr {
  const span = { from: expr.span.from, to: postfix.to };
  switch (postfix.kind) {
    case 'subquery':
      return { kind: 'subquery', span, expr, rangeMs: postfix.rangeMs, stepMs: postfix.stepMs, offsetMs: 0 };
    case 'range': {
      if (expr.kind !== 'selector') throw parseError(text, expr.span.from, 'ranges only allowed for vector selectors');
      if (expr.offsetMs !== 0) throw parseError(text, expr.span.from, 'no offset modifiers allowed before range');
      if (expr.at !== undefined) throw parseError(text, expr.span.from, 'no @ modifiers allowed before range');
      return { kind: 'matrix', span, selector: expr, rangeMs: postfix.rangeMs };
    }
    case 'offset':
      return modify(expr, { offsetMs: postfix.offsetMs }, postfix.to, text);
    case 'at':
      return modify(expr, { at: postfix.at }, postfix.to, text);
  }
}

function modify(expr: Expr, change: { offsetMs?: number; at?: AtModifier }, to: number, text: string): Expr {
  if (expr.kind === 'matrix')
    return {
      ...expr,
      span: { from: expr.span.from, to },
      selector: modify(expr.selector, change, to, text) as VectorSelector,
    };
  const word = change.at === undefined ? 'offset modifier' : '@ modifier';
  if (expr.kind !== 'selector' && expr.kind !== 'subquery') {
    throw parseError(
      text,
      expr.span.from,
      `${word} must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  }
  const twice = change.at === undefined ? expr.offsetMs !== 0 : expr.at !== undefined;
  if (twice) throw parseError(text, expr.span.from, `${word} may not be set multiple times`);
  return { ...expr, ...change, span: { from: expr.span.from, to } };
}
